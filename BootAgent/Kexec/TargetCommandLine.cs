using System.Text;
using PhaseMesh.BootAgent.Discover;
using PhaseMesh.BootAgent.Parameters;
using PhaseMesh.Libp2p.Multiformats;
using PhaseMesh.Manifests;

namespace PhaseMesh.BootAgent.Kexec;

/// <summary>
/// The next kernel's command line: the signed one, and what this boot adds. Every added value comes from a checked type whose alphabet
/// has no white space or quotes, so nothing that was not signed or typed by the operator can become a parameter of its own.
/// </summary>
internal static class TargetCommandLine
{
    /// <summary>COMMAND_LINE_SIZE of x86_64 and arm64, which includes the closing NUL.</summary>
    public const int MaxBytes = 2048;

    public const string AnnounceParameter = " phase.announce=";
    public const string FleetParameter = " phase.fleet=";
    private const string TicketParameter = " phase.ticket=";

    /// <param name="ticket">
    /// What lets the booted node into the fleet. It and the fleet are left out, like announced URLs and bootstrap nodes, where they do not
    /// fit.
    /// </param>
    /// <exception cref="BootFailedException">Longer than a kernel takes.</exception>
    public static string Build(BootManifest manifest, AgentOptions options, IEnumerable<ProviderCandidate> sources, string? ticket = null)
    {
        string added = $"phase.boot_id={options.BootId} phase.channel={options.Channel} phase.arch={options.Arch} "
            + $"phase.mode={options.ModeName}";
        // A node reached over libp2p only is found again by the bootstrap nodes.
        string providers = string.Join(',', sources.Where(source => source.Url.IsHttp).Select(source => source.Url.Text));
        added += providers.Length > 0 ? $" phase.provider={providers}" : string.Empty;
        string line = string.IsNullOrWhiteSpace(manifest.CommandLine) ? added : $"{manifest.CommandLine.Trim()} {added}";
        string announced = options.Announced.Count == 0 ? string.Empty : AnnounceParameter + string.Join(',', options.Announced);
        line += Encoding.UTF8.GetByteCount(line) + announced.Length < MaxBytes ? announced : string.Empty;
        string fleet = options.Fleet.Count == 0 ? string.Empty : FleetParameter + string.Join(',', options.Fleet);
        fleet += fleet.Length > 0 && ticket is not null ? TicketParameter + ticket : string.Empty;
        line += Encoding.UTF8.GetByteCount(line) + fleet.Length < MaxBytes ? fleet : string.Empty;
        line += Bootstrap(options, MaxBytes - 1 - Encoding.UTF8.GetByteCount(line));
        int length = Encoding.UTF8.GetByteCount(line) + 1;
        return length <= MaxBytes
            ? line
            : throw new BootFailedException(AgentExitCode.KexecRefused,
                $"the next kernel's command line has {length} bytes with its end, {MaxBytes} is the most a kernel takes: "
                + $"{Encoding.UTF8.GetByteCount(manifest.CommandLine ?? string.Empty)} are signed in the manifest, the rest is phase.*. "
                + "Shorten cmdline in the manifest or name fewer providers");
    }

    /// <summary>Fit to be printed: without the ticket.</summary>
    public static string Shown(string line, string? ticket) =>
        ticket is null ? line : line.Replace(ticket, "...", StringComparison.Ordinal);

    /// <summary>As many as fit, from the first on: one is enough to find the others.</summary>
    private static string Bootstrap(AgentOptions options, int room)
    {
        StringBuilder text = new();
        foreach (Multiaddr peer in options.Bootstrap)
        {
            string next = (text.Length == 0 ? " phase.bootstrap=" : ",") + peer;
            if (text.Length + next.Length > room)
            {
                break;
            }

            text.Append(next);
        }

        return text.ToString();
    }
}
