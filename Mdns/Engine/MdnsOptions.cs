using PhaseMesh.Mdns.Messages;

namespace PhaseMesh.Mdns;

/// <summary>Settings of one <see cref="MdnsNode"/>. Checked when the node starts.</summary>
public sealed class MdnsOptions
{
    /// <summary>
    /// The first label of this node's host name under <c>.local</c>, 1 to 63 UTF-8 bytes; renamed to <c>name-2</c> and on when taken. It is
    /// the node's own name, different from the one a system daemon publishes. Default: the machine's name and <c>-phase</c>.
    /// </summary>
    public string HostName { get; init; } = DefaultHostName();

    /// <summary>Services one node may advertise. Range 1 to 1,024.</summary>
    public int MaxServices { get; init; } = 256;

    /// <summary>Instances of one service type remembered per link. Range 1 to 65,536.</summary>
    public int MaxInstancesPerLink { get; init; } = 256;

    /// <summary>Datagrams one source address may send in a second before they are dropped. Range 1 to 100,000.</summary>
    public int MaxPacketsPerSecondPerSource { get; init; } = 100;

    /// <summary>Datagrams per second and link, whatever their sources. Range 1 to 1,000,000.</summary>
    public int MaxPacketsPerSecondPerLink { get; init; } = 1000;

    /// <summary>Told of renames, links that come and go and failed sends; called under the node's lock, so it must return at once.</summary>
    public Action<MdnsNotice>? OnNotice { get; init; }

    /// <summary>Where random delays come from; a seeded one makes a test replay.</summary>
    public Random Random { get; init; } = Random.Shared;

    /// <exception cref="ArgumentException">Every value that breaks its rule, at once.</exception>
    internal void Validate()
    {
        List<string> problems = [];
        if (!DnsName.Local.TryPrepend(HostName, out _))
        {
            problems.Add($"HostName '{HostName}': expected 1 to {DnsName.MaxLabelBytes} UTF-8 bytes");
        }

        CheckRange(nameof(MaxServices), MaxServices, 1024);
        CheckRange(nameof(MaxInstancesPerLink), MaxInstancesPerLink, 65536);
        CheckRange(nameof(MaxPacketsPerSecondPerSource), MaxPacketsPerSecondPerSource, 100_000);
        CheckRange(nameof(MaxPacketsPerSecondPerLink), MaxPacketsPerSecondPerLink, 1_000_000);
        if (problems.Count > 0)
        {
            throw new ArgumentException($"The mDNS node cannot start: {string.Join("; ", problems)}.");
        }

        void CheckRange(string name, int value, int max)
        {
            if (value < 1 || value > max)
            {
                problems.Add($"{name} {value}: expected 1 to {max}");
            }
        }
    }

    private static string DefaultHostName()
    {
        string machine = Environment.MachineName.Split('.')[0].ToLowerInvariant();
        string safe = new([.. machine.Where(c => char.IsAsciiLetterOrDigit(c) || c == '-').Take(50)]);
        return safe.Length == 0 ? "phase" : $"{safe}-phase";
    }
}

/// <summary>What an operator may want in a log.</summary>
public readonly record struct MdnsNotice(MdnsNoticeKind Kind, string Message);

public enum MdnsNoticeKind
{
    LinkUp,
    LinkDown,
    LinkChanged,

    /// <summary>A name was taken and ours was changed.</summary>
    Renamed,

    /// <summary>Another machine uses a name of ours; it is being claimed again.</summary>
    Conflict,
    NetworkFault,
}
