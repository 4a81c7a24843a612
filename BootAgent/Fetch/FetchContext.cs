using PhaseMesh.BootAgent.Reporting;

namespace PhaseMesh.BootAgent.Fetch;

/// <summary>What all downloads of one boot share.</summary>
internal sealed record FetchContext(
    HttpTransport Transport, FetchLimits Limits, BootConsole Console, IReadOnlyList<ProviderSession> Sessions)
{
    public TimeProvider Time => Console.Time;
}
