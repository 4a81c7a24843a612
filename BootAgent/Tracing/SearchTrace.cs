using PhaseMesh.BootAgent.Discover;
using PhaseMesh.Manifests.Traces;

namespace PhaseMesh.BootAgent.Tracing;

/// <summary>
/// The search for providers of one attempt, and each way of searching: it ends when whoever is asked for the manifest has answered, each
/// way when it first had somebody to ask.
/// </summary>
internal sealed class SearchTrace(BootTrace trace, ProviderTurns turns)
{
    private readonly BootSpan _search = trace.Begin(TraceKeys.Discovery);

    public void End()
    {
        EndWays();
        _search.Set(TraceTag.Of(TraceKeys.Providers, turns.Ways.Sum(turns.CountOf)));
        _search.End();
    }

    public void Fail(string reason)
    {
        EndWays();
        _search.Fail(reason);
    }

    private void EndWays()
    {
        foreach (ProviderTier way in turns.Ways)
        {
            BootSpan span = trace.BeginAt(_search.Began, $"{TraceKeys.Discovery} {NameOf(way)}", _search);
            span.Set(TraceTag.Of(TraceKeys.Providers, turns.CountOf(way)));
            span.EndAt(turns.FirstHeardOf(way) ?? trace.Now);
        }
    }

    private static string NameOf(ProviderTier way) => way switch
    {
        ProviderTier.CommandLine => "command line",
        ProviderTier.Lan => "mdns",
        _ => "dht",
    };
}
