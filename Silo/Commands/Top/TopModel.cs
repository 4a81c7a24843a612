using System.Text.Json;

namespace PhaseMesh.Silo.Commands.Top;

/// <summary>What is known of the fleet. Lock <see cref="Gate"/> around reading several things that must fit together.</summary>
internal sealed class TopModel(TimeProvider clock)
{
    /// <summary>Running boots that are kept; of more the newest. The counts are of all.</summary>
    public const int MaxRunning = 20_000;

    /// <summary>Failed and lost ones that are kept, the newest.</summary>
    public const int MaxEnded = 500;

    private readonly Dictionary<string, (TopBoot Boot, long Heard)> _boots = new(StringComparer.Ordinal);

    public Lock Gate { get; } = new();

    /// <summary>Whether boots are followed as they happen; else they are asked for again and again.</summary>
    public bool IsLive { get; set; }

    /// <summary>Why what is shown is old; null while silos answer.</summary>
    public string? Problem { get; set; }

    /// <summary>When a silo answered last.</summary>
    public DateTimeOffset? AnsweredAt { get; set; }

    /// <summary>Running ones by phase; null until a silo said so.</summary>
    public JsonElement? Running { get; set; }

    /// <summary>Those begun within <see cref="TopFeed.Window"/>, by outcome and reason.</summary>
    public JsonElement? Recent { get; set; }

    public JsonElement? Cluster { get; set; }

    public IReadOnlyList<JsonElement> Providers { get; set; } = [];

    public IReadOnlyList<JsonElement> Channels { get; set; } = [];

    public IReadOnlyList<TopGateway> Gateways { get; set; } = [];

    /// <summary>The boot that is looked at.</summary>
    public TopDetail? Detail { get; set; }

    public IEnumerable<TopBoot> Boots => _boots.Values.Select(known => known.Boot);

    /// <summary>What is older than what is known is passed over; one that joined is not kept.</summary>
    public void Apply(TopBoot boot)
    {
        if (_boots.TryGetValue(boot.Id, out (TopBoot Boot, long Heard) known) && known.Boot.UpdatedAt > boot.UpdatedAt)
        {
            // It is there all the same, so it isn't missing from a list.
            _boots[boot.Id] = (known.Boot, clock.GetTimestamp());
            return;
        }

        if (boot.Outcome == "joined")
        {
            _boots.Remove(boot.Id);
            return;
        }

        _boots[boot.Id] = (boot, clock.GetTimestamp());
        if (_boots.Count > MaxRunning + MaxEnded)
        {
            Trim();
        }
    }

    /// <summary>Running ones that a whole list, asked for at <paramref name="asked"/>, did not have have ended unheard.</summary>
    /// <param name="asked">A timestamp of the clock.</param>
    public void ForgetUnheard(long asked)
    {
        foreach ((string id, (TopBoot boot, long heard)) in _boots)
        {
            if (boot.IsRunning && heard < asked)
            {
                _boots.Remove(id);
            }
        }

        Trim();
    }

    private void Trim()
    {
        Cut(Boots.Where(boot => boot.IsBad), MaxEnded);
        Cut(Boots.Where(boot => boot.IsRunning), MaxRunning);
    }

    private void Cut(IEnumerable<TopBoot> boots, int most)
    {
        foreach (TopBoot boot in boots.OrderByDescending(boot => boot.UpdatedAt).Skip(most).ToList())
        {
            _boots.Remove(boot.Id);
        }
    }
}

/// <param name="Status">What it says of itself; null: it doesn't answer.</param>
internal sealed record TopGateway(Uri Url, JsonElement? Status, string? Problem);

/// <param name="Lines">As <c>boot show</c> prints it.</param>
internal sealed record TopDetail(string BootId, IReadOnlyList<string> Lines);
