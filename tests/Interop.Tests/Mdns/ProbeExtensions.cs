namespace PhaseMesh.Interop.Tests.Mdns;

/// <summary>The vocabulary of tests/Mdns.Probe.</summary>
internal static class ProbeExtensions
{
    public const string Type = "_phase-image._tcp";

    public static readonly string[] Pairs =
        ["channel=stable", "arch=x86_64", "release=42", "path=/stable/x86_64/manifest.json", "digest=sha256:00ff", "peer=ed25519:00ff"];

    /// <summary>Advertises and returns the name that was won.</summary>
    public static async Task<string> AdvertiseAsync(this ToolProcess probe, string name, int port = 8080, params string[] pairs)
    {
        int from = probe.Lines.Count;
        probe.WriteLine(["advertise", Type, name, $"{port}", .. pairs.Length == 0 ? Pairs : pairs]);
        string line = await probe.WaitForAsync(text => text.StartsWith("announced\t", StringComparison.Ordinal), "announcement", from);
        return line.Split('\t')[1];
    }

    public static void Browse(this ToolProcess probe) => probe.WriteLine("browse", Type);

    /// <summary>Waits for <c>added</c>, <c>updated</c> or <c>removed</c>; the fields are those of the probe's line.</summary>
    public static async Task<string[]> ChangeAsync(this ToolProcess probe, string kind, string name, Predicate<string>? also = null) =>
        (await probe.WaitForAsync(line => line.StartsWith($"{kind}\t{name}\t", StringComparison.Ordinal) && also?.Invoke(line) != false, $"{kind} {name}")).Split('\t');

    /// <summary>Waits until the service is known with that address: a responder may tell its addresses one after the other.</summary>
    public static async Task<string[]> SeenAsync(this ToolProcess probe, string name, string address)
    {
        string line = await probe.WaitForAsync(
            text => text.Split('\t') is ["added" or "updated", _, _, _, string addresses, ..] fields
                && fields[1] == name && addresses.Split(',').Contains(address),
            $"{name} with address {address}");
        return line.Split('\t');
    }

    public static async Task<Dictionary<string, long>> CountersAsync(this ToolProcess probe)
    {
        int from = probe.Lines.Count;
        probe.WriteLine("counters");
        string line = await probe.WaitForAsync(text => text.StartsWith("counters\t", StringComparison.Ordinal), "counters", from);
        return line.Split('\t')[3..].Select(field => field.Split('=')).ToDictionary(pair => pair[0], pair => long.Parse(pair[1]));
    }
}
