using System.CommandLine;
using System.Globalization;
using System.Text.Json;

namespace PhaseMesh.Silo.Commands.Providers;

/// <summary><c>plasmd provider status</c>: how a provider is, and what it serves.</summary>
internal static class ProviderStatusCommand
{
    private const string Examples = """
        plasmd provider status
        # In a script: exit code 0 means that a machine could boot from it now
        plasmd provider status --url http://10.0.0.7:8080 --json
        """;

    public static Command Create(CommandContext context)
    {
        var options = new ProviderClientOptions();
        var command = new PlasmdCommand("status", "Show a provider's state, releases and load.", Examples);
        options.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            ProviderStatus status = await options.GetStatusAsync(parsed, context, cancellationToken);
            if (options.WantsJson(parsed))
            {
                context.Output.WriteLine(JsonSerializer.Serialize(status, ProviderStatusJson.Default.ProviderStatus));
            }
            else
            {
                Write(status, context);
            }

            return status.IsServing ? ExitCode.Ok : ExitCode.NotServing;
        });
        return command;
    }

    private static void Write(ProviderStatus status, CommandContext context)
    {
        TextWriter output = context.Output;
        output.WriteLine($"{SingleLine.Of(status.Name)} {SingleLine.Of(status.Version)}: {SingleLine.Of(status.State)}");
        output.WriteLine($"node:    {SingleLine.Of(status.Node ?? "-")}");
        output.WriteLine($"up:      {Duration(status.UptimeSeconds)}");
        if (status.Load is { } load)
        {
            string sent = HumanSize.Of(load.BytesSent);
            output.WriteLine($"load:    {load.Connections} connections, {load.RequestsInFlight} requests in flight, {sent} sent");
        }

        if (status is { Libp2p: { } libp2p, PeerId: { } peer })
        {
            output.WriteLine($"peer:    {SingleLine.Of(peer)}");
            output.WriteLine(
                $"dht:     {libp2p.Dht?.RoutingTable ?? 0} peers known, {libp2p.Peers} connected, {libp2p.Dht?.Records ?? 0} records and "
                + $"{libp2p.Dht?.Providers ?? 0} announcements kept");
            foreach (string address in libp2p.Addresses)
            {
                output.WriteLine($"join by: {SingleLine.Of(address)}");
            }
        }

        output.WriteLine();
        if (status.Releases.Count == 0)
        {
            output.WriteLine("It has no releases.");
            return;
        }

        var table = new TableText("CHANNEL", "ARCH", "STATE", "RELEASE", "VERSION", "EXPIRES", "SIGNED BY");
        foreach (ReleaseStatus release in status.Releases)
        {
            table.Add(
                release.Channel, release.Arch, release.State, release.Release?.ToString(CultureInfo.InvariantCulture), release.Version,
                release.Expires?.UtcDateTime.ToString("yyyy-MM-dd HH:mm'Z'", CultureInfo.InvariantCulture) ?? "never",
                Signers(release.Signers));
        }

        table.WriteTo(context);
        foreach (ReleaseStatus release in status.Releases.Where(release => release.Problem is not null))
        {
            output.WriteLine();
            output.WriteLine(SingleLine.Of($"{release.Channel}/{release.Arch} is {release.State}: {release.Problem}"));
        }
    }

    private static string? Signers(IReadOnlyList<string> signers) =>
        signers.Count == 0 ? null : string.Join(", ", signers.Select(signer => signer.Length > 24 ? signer[..24] + "..." : signer));

    private static string Duration(double seconds)
    {
        var time = TimeSpan.FromSeconds(double.IsFinite(seconds) ? Math.Clamp(seconds, 0, 1e9) : 0);
        return time.TotalDays >= 1 ? $"{time.Days} d {time.Hours} h" : time.TotalHours >= 1 ? $"{time.Hours} h {time.Minutes} min"
            : time.TotalMinutes >= 1 ? $"{time.Minutes} min {time.Seconds} s" : $"{time.Seconds} s";
    }
}
