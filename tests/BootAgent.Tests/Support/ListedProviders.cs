using PhaseMesh.BootAgent.Discover;
using PhaseMesh.BootAgent.Parameters;

namespace PhaseMesh.BootAgent.Tests.Support;

/// <summary>A source that knows a list from its start on and finds nobody else.</summary>
internal sealed class ListedProviders(ProviderTier tier, params IEnumerable<string> urls) : IProviderSource
{
    private readonly TaskCompletionSource _never = new();

    public string Name => "a list";

    public ProviderTier Tier => tier;

    public IReadOnlyList<ProviderCandidate> Candidates { get; } =
    [
        .. urls.Select(text => ProviderUrl.TryParse(text, out ProviderUrl? url)
            ? new ProviderCandidate(url, "a list", null, tier)
            : throw new ArgumentException($"{text} is no provider's URL.")),
    ];

    public Task Changed => _never.Task;

    public bool IsSearching => false;

    public bool HasLookedAround => true;

    public int Searches { get; private set; } = 1;

    public void SearchAgain() => Searches++;

    public string Outcome(TimeSpan searched, bool foundSome) => "the list had nobody else";

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
