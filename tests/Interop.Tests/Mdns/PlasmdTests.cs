using System.Text.Json;

namespace PhaseMesh.Interop.Tests.Mdns;

/// <summary>The real plasmd on a LAN of network namespaces, seen by avahi and by another plasmd.</summary>
public sealed class PlasmdTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("mdns-plasmd-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Serve_OnALan_AvahiAndPlasmdFindItUntilItIsToldToStop()
    {
        string artifacts = Directory.CreateDirectory(Path.Combine(_folder, "artifacts")).FullName;
        await File.WriteAllBytesAsync(Path.Combine(artifacts, "kernel"), new byte[100_000]);
        await File.WriteAllBytesAsync(Path.Combine(artifacts, "initramfs"), new byte[50_000]);
        await using NamespaceLan lan = await NamespaceLan.CreateAsync(2);
        AvahiMachine avahi = await AvahiMachine.StartAsync(lan, 2);

        ToolProcess plasmd = Plasmd(
            lan, 1, "serve", "--artifacts", artifacts, "--channel", "stable", "--arch", "x86_64", "--port", "8080", "--state-dir", Path.Combine(_folder, "state"));
        await plasmd.WaitForAsync(line => line.Contains("announcing 'stable x86_64 ", StringComparison.Ordinal), "announcement");
        ToolProcess watching = avahi.Browse(ProbeExtensions.Type);
        string resolved = await watching.WaitForAsync(
            line => line.StartsWith("=;eth0;IPv4;", StringComparison.Ordinal) && line.Contains(";10.77.1.1;8080;", StringComparison.Ordinal), "resolved service");
        foreach (string pair in (string[])
            ["\"channel=stable\"", "\"arch=x86_64\"", "\"release=1\"", "\"path=/stable/x86_64/manifest.json\"", "\"digest=sha256:", "\"peer=ed25519:"])
        {
            Assert.Contains(pair, resolved, StringComparison.Ordinal);
        }

        // Beside avahi, which holds port 5353 on that machine too.
        ToolProcess browse = Plasmd(lan, 2, "mdns", "browse", "--timeout", "5s", "--json");
        Assert.Equal(0, await browse.ExitAsync());
        JsonElement found = Assert.Single(JsonDocument.Parse(string.Concat(browse.Lines)).RootElement.EnumerateArray());
        Assert.Equal("http://10.77.1.1:8080/stable/x86_64/manifest.json", found.GetProperty("urls")[0].GetString());
        Assert.Contains(found.GetProperty("peer").GetString()!, resolved, StringComparison.Ordinal);

        await plasmd.TerminateAsync();
        await watching.WaitForAsync(line => line.StartsWith("-;eth0;IPv4;", StringComparison.Ordinal), "goodbye");
        ToolProcess after = Plasmd(lan, 2, "mdns", "browse", "--timeout", "500ms");
        Assert.Equal(5, await after.ExitAsync());
    }

    private static ToolProcess Plasmd(NamespaceLan lan, int machine, params string[] arguments) =>
        lan.Start(machine, null, "dotnet", [Path.Combine(AppContext.BaseDirectory, "plasmd.dll"), .. arguments]);
}
