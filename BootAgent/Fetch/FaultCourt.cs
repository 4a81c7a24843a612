using PhaseMesh.Manifests;
using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.BootAgent.Fetch;

/// <summary>
/// Decides what a fault costs a provider. What may pass (a restart, a lost connection) is tried again with growing pauses. A wrong
/// answer drops the provider while another can be reached, and is forgiven a few times when there is none.
/// </summary>
internal sealed class FaultCourt(FetchContext context, ManifestArtifact artifact)
{
    public bool IsUsable(ProviderSession session) => !session.IsDropped && session.LocationOf(artifact).Current.Url is not null;

    public bool HasOther(ProviderSession session) =>
        context.Sessions.Any(other => other != session && IsUsable(other) && other.IsReachable);

    /// <returns>How long to wait before the provider's next request.</returns>
    public TimeSpan Judge(ProviderSession session, FetchFault fault)
    {
        int count = session.Faulted(fault);
        string what = $"{session.Provider} {fault.Detail}";
        if (fault.IsTransient)
        {
            if (fault.Kind != FaultKind.Unreachable && count > context.Limits.MaxFruitlessAttempts)
            {
                session.Drop();
                context.Console.Warn($"{what}; {count} requests in a row gave nothing, it is not asked again");
                return TimeSpan.Zero;
            }

            TimeSpan pause = context.Limits.PauseAfter(count - 1);
            string then = HasOther(session) ? "the others carry on" : $"trying again in {pause.TotalSeconds:0.##} s";
            Tell(count == 1, $"{what}; {then}");
            return pause;
        }

        bool hasOther = HasOther(session);
        if (fault.Kind == FaultKind.NotFound)
        {
            session.LocationOf(artifact).GiveUp();
            context.Console.Warn(what);
        }
        else if (hasOther || count >= context.Limits.MaxContentFaults)
        {
            session.Drop();
            context.Console.Warn(hasOther
                ? $"{what}; it is fetched from another provider, and this one is not asked again"
                : $"{what}; after {count} wrong answers it is not asked again");
        }
        else
        {
            context.Console.Warn($"{what}; there is no other provider, asking it again");
        }

        return context.Limits.FirstPause;
    }

    public BootFailedException Failed(string? limit)
    {
        string reasons = string.Join("; ", context.Sessions.Select(session =>
            $"{session.Provider} {session.LastFault?.Detail ?? "delivered too little"}"));
        bool isContent = context.Sessions.Any(session => session.LastFault is { IsTransient: false });
        string remedy = isContent
            ? "Nothing unverified was used. Repair the artifacts there (plasmd manifest verify), or add another provider"
            : "Check the provider and the network between, or add another provider";
        return new BootFailedException(AgentExitCode.FetchFailed,
            $"{artifact.Kind.Name()} could not be fetched{(limit is null ? string.Empty : $" ({limit})")}: {reasons}. {remedy}");
    }

    private void Tell(bool aloud, string text)
    {
        if (aloud)
        {
            context.Console.Warn(text);
        }
        else
        {
            context.Console.Debug(text);
        }
    }
}
