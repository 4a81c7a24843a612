namespace PhaseMesh.BootAgent.Discover;

/// <summary>The limits of looking for providers. The defaults are stated in docs/boot-agent.md; tests shorten them.</summary>
internal sealed record DiscoveryLimits
{
    /// <summary>From the start of the agent, which is about when the network is up, until looking is given up.</summary>
    public TimeSpan SearchLimit { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// How long others may still be heard after the first usable answer. Responders wait 20 to 120 ms before they answer (RFC 6762 section
    /// 6); the rest is for slow ones.
    /// </summary>
    public TimeSpan Settle { get; init; } = TimeSpan.FromMilliseconds(300);

    /// <summary>After the first attempt, for each of which new providers are needed: whoever floods the LAN with false ones ends it.</summary>
    public int MaxFurtherAttempts { get; init; } = 4;

    /// <summary>Providers an attempt takes in that no attempt before it has asked.</summary>
    public const int MaxNewProviders = 32;
}
