namespace PhaseMesh.Interop.Tests.Mdns;

/// <summary>avahi-daemon with a D-Bus of its own on one machine of a <see cref="NamespaceLan"/>.</summary>
internal sealed class AvahiMachine : IAsyncDisposable
{
    private readonly NamespaceLan _lan;
    private readonly int _machine;
    private readonly string _folder = Directory.CreateTempSubdirectory("mdns-avahi-").FullName;
    private readonly Dictionary<string, string> _environment = [];

    private AvahiMachine(NamespaceLan lan, int machine)
    {
        _lan = lan;
        _machine = machine;
        _environment["DBUS_SYSTEM_BUS_ADDRESS"] = $"unix:path={_folder}/bus";
    }

    public static async Task<AvahiMachine> StartAsync(NamespaceLan lan, int machine)
    {
        var avahi = lan.Own(new AvahiMachine(lan, machine));
        await avahi.StartDaemonsAsync($"avahi{machine}");
        return avahi;
    }

    /// <summary>Publishes until disposed or terminated, and returns once the name is established.</summary>
    public async Task<ToolProcess> PublishAsync(string name, string type, int port, params string[] pairs)
    {
        ToolProcess publisher = _lan.Start(_machine, _environment, "avahi-publish", ["-s", name, type, $"{port}", .. pairs]);
        await publisher.WaitForAsync(line => line.Contains("Established", StringComparison.Ordinal), "established service");
        return publisher;
    }

    /// <summary><c>avahi-browse -rt</c>: everything there is now, resolved, in parsable form.</summary>
    public async Task<IReadOnlyList<string>> BrowseOnceAsync(string type)
    {
        ToolProcess browser = _lan.Start(_machine, _environment, "avahi-browse", "-rtp", type);
        await browser.ExitAsync();
        return browser.Lines;
    }

    public ToolProcess Browse(string type) => _lan.Start(_machine, _environment, "avahi-browse", "-rp", type);

    public ValueTask DisposeAsync()
    {
        Directory.Delete(_folder, recursive: true);
        return ValueTask.CompletedTask;
    }

    private async Task StartDaemonsAsync(string hostName)
    {
        await File.WriteAllTextAsync($"{_folder}/dbus.conf", $"""
            <!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
            <busconfig>
              <type>system</type>
              <listen>unix:path={_folder}/bus</listen>
              <auth>EXTERNAL</auth>
              <policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/><allow user="*"/></policy>
            </busconfig>
            """);
        await File.WriteAllTextAsync($"{_folder}/avahi.conf", $"""
            [server]
            host-name={hostName}
            use-ipv4=yes
            use-ipv6=yes
            enable-dbus=yes
            ratelimit-interval-usec=1000000
            ratelimit-burst=1000
            [publish]
            publish-workstation=no
            """);
        ToolProcess bus = _lan.Start(_machine, null, "dbus-daemon", $"--config-file={_folder}/dbus.conf", "--nofork", "--nopidfile", "--print-address=1");
        await bus.WaitForAsync(line => line.StartsWith("unix:", StringComparison.Ordinal), "D-Bus address");

        // ip netns exec has a mount namespace of its own, so several daemons can each have their /run/avahi-daemon.
        ToolProcess daemon = _lan.Start(
            _machine, _environment, "sh", "-c",
            $"mount -t tmpfs tmpfs /run && mkdir /run/avahi-daemon && exec avahi-daemon -f {_folder}/avahi.conf --no-drop-root --no-chroot --no-rlimits");
        await daemon.WaitForAsync(line => line.Contains("Server startup complete", StringComparison.Ordinal), "running avahi-daemon");
    }
}
