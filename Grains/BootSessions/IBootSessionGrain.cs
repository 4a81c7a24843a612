using PhaseMesh.Grains.Fleet;

namespace PhaseMesh.Grains.BootSessions;

/// <summary>One machine's way from discovery to joined; its key is the boot id, 32 lower-case hex digits (<see cref="BootId"/>).</summary>
public interface IBootSessionGrain : IGrainWithStringKey
{
    /// <summary>
    /// The boot begins. Its ticket is only told here. The owner may repeat the call with a new nonce where the answer was lost: the ticket
    /// before it is void then.
    /// </summary>
    Task<BootCreated> CreateAsync(BootCreation creation);

    /// <summary>
    /// What happened, in any order, again and again, late: the outcome is the same. Signed by the key that created the boot, or by the
    /// provider that redeemed its ticket, which alone can say joined.
    /// </summary>
    /// <param name="signer">Key id.</param>
    /// <param name="events">1 to <see cref="BootLimits.MaxEventsPerCall"/>.</param>
    Task<BootSessionView> RecordAsync(string signer, ImmutableArray<BootEvent> events);

    /// <summary>Once, by one provider; the same provider may repeat it.</summary>
    /// <param name="secret">The ticket's secret part.</param>
    /// <param name="provider">Who enrols with it.</param>
    Task RedeemTicketAsync(string secret, string provider);

    /// <summary>What the machine said; beginning and end are kept.</summary>
    Task AppendLogAsync(string signer, string text);

    [ReadOnly]
    Task<string> GetLogAsync();

    /// <summary>Spans of the boot's trace, by the same keys. One that was told before is replaced: the last word counts.</summary>
    /// <param name="signer">Key id.</param>
    /// <param name="spans">1 to <see cref="BootSpanLimits.MaxSpansPerCall"/>.</param>
    /// <returns>How the boot stands.</returns>
    Task<BootOutcome> AppendSpansAsync(string signer, ImmutableArray<BootSpan> spans);

    /// <summary>Oldest start first.</summary>
    [ReadOnly]
    Task<ImmutableArray<BootSpan>> GetSpansAsync();

    /// <summary>Silence is made stuck, then lost; old sessions are forgotten. Called by the housekeeping reminder.</summary>
    Task SweepAsync();

    /// <returns>Null where there is no such boot, or it was forgotten.</returns>
    [ReadOnly]
    Task<BootSessionView?> GetAsync();
}

/// <summary>
/// The text of a boot, apart from its state so that events stay small; its key is the boot id. Reached through
/// <see cref="IBootSessionGrain"/>.
/// </summary>
public interface IBootLogGrain : IGrainWithStringKey
{
    Task AppendAsync(string text);

    [ReadOnly]
    Task<string> GetAsync();

    Task ForgetAsync();
}

/// <summary>
/// The spans of a boot, apart from its state so that events stay small; its key is the boot id. Reached through
/// <see cref="IBootSessionGrain"/>.
/// </summary>
public interface IBootTraceGrain : IGrainWithStringKey
{
    /// <summary>All or none of them, within <see cref="BootSpanLimits"/>.</summary>
    Task AppendAsync(ImmutableArray<BootSpan> spans);

    [ReadOnly]
    Task<ImmutableArray<BootSpan>> GetAsync();

    Task ForgetAsync();
}
