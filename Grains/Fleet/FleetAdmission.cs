using PhaseMesh.Grains.BootSessions;
using PhaseMesh.Grains.Providers;

namespace PhaseMesh.Grains.Fleet;

/// <summary>
/// Lets a provider in by the fleet's policy: 1. read the policy, 2. redeem ticket or token for this key, 3. enrol. A silo that dies between
/// 2 and 3 loses nothing, as the same key may redeem again.
/// </summary>
public sealed class FleetAdmission(IGrainFactory grains)
{
    /// <param name="provider">The key that signed the request.</param>
    /// <param name="enrolment">What it says about itself.</param>
    /// <param name="ticket">The boot's ticket; redeemed whatever the policy, so that the boot knows its provider.</param>
    /// <param name="token">A join token.</param>
    /// <exception cref="FleetRefusedException">not-admitted, quarantined, invalid, too-many.</exception>
    public async Task<ProviderView> EnrolAsync(string provider, ProviderEnrolment enrolment, string? ticket = null, string? token = null)
    {
        try
        {
            ProviderView view = await AdmitAsync(provider, enrolment, ticket, token);
            GrainsInstruments.Enrolled(view.Admission, view.AwaitsApproval);
            return view;
        }
        catch (FleetRefusedException refused)
        {
            GrainsInstruments.EnrolmentRefused(refused.Slug);
            throw;
        }
    }

    /// <summary>A silo that serves artifacts enrols itself; it needs nobody's leave.</summary>
    public async Task<ProviderView> EnrolSiloAsync(string provider, ProviderEnrolment enrolment)
    {
        Refuse.UnlessProvider(provider);
        ProviderView view = await grains.GetGrain<IProviderGrain>(provider).EnrolAsync(
            enrolment, new ProviderAdmission(AdmissionKind.Silo));
        GrainsInstruments.Enrolled(view.Admission, view.AwaitsApproval);
        return view;
    }

    private async Task<ProviderView> AdmitAsync(string provider, ProviderEnrolment enrolment, string? ticket, string? token)
    {
        Refuse.UnlessProvider(provider);
        AdmissionPolicy policy = (await grains.GetGrain<IFleetGrain>(IFleetGrain.Key).GetAsync()).Policy;
        string bootId = await RedeemTicketAsync(provider, ticket);
        string tokenId = await RedeemTokenAsync(provider, token);
        ProviderAdmission admission = tokenId.Length > 0 ? new(AdmissionKind.Token, tokenId)
            : bootId.Length > 0 && policy is AdmissionPolicy.Ticket or AdmissionPolicy.Open ? new(AdmissionKind.Ticket, bootId)
            : policy == AdmissionPolicy.Open ? new(AdmissionKind.Open)
            : policy == AdmissionPolicy.Approve ? new(AdmissionKind.Approval, bootId)
            : new(AdmissionKind.Known, bootId);
        return await grains.GetGrain<IProviderGrain>(provider).EnrolAsync(enrolment, admission);
    }

    private async Task<string> RedeemTicketAsync(string provider, string? ticket)
    {
        if (string.IsNullOrEmpty(ticket))
        {
            return "";
        }

        FleetSecret parsed = FleetSecret.TryParseTicket(ticket, out FleetSecret? read) ? read
            : throw new FleetRefusedException(RefusalKind.Forbidden, FleetRefusals.NotAdmitted,
                "The boot ticket has not the form of one; boot again for a new one.");
        await grains.GetGrain<IBootSessionGrain>(parsed.Owner).RedeemTicketAsync(parsed.Secret, provider);
        return parsed.Owner;
    }

    private async Task<string> RedeemTokenAsync(string provider, string? token)
    {
        if (string.IsNullOrEmpty(token))
        {
            return "";
        }

        FleetSecret parsed = FleetSecret.TryParseToken(token, out FleetSecret? read) ? read
            : throw new FleetRefusedException(RefusalKind.Forbidden, FleetRefusals.NotAdmitted,
                "The join token has not the form of one; ask an operator for a token.");
        await grains.GetGrain<IJoinTokenGrain>(parsed.Owner).RedeemAsync(parsed.Secret, provider);
        return parsed.Owner;
    }
}
