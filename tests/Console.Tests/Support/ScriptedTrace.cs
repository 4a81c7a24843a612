namespace PhaseMesh.Console.Tests.Support;

/// <summary>The spans of a boot across kexec, and what its console said.</summary>
internal static class ScriptedTrace
{
    public static void Put(ScriptedSilo silo, string bootId, bool hasFailed)
    {
        long begin = ScriptedFleet.Now.AddSeconds(-40).ToUnixTimeMilliseconds();
        string root = bootId[..16];
        object[] agent =
        [
            Span("0a01", root, "network", 0, 1840),
            Span("0a02", root, "discovery", 1840, 2310),
            Span("0a03", "0a02", "discovery mdns", 1840, 2290, ("phase.providers", "3")),
            Span("0a04", "0a02", "discovery dht", 2240, 2310, ("phase.providers", "0")),
            Span("0a05", root, "manifest", 2310, 2420, ("phase.release", "42")),
            Span("0a06", root, "fetch", 2420, 11900),
            Span("0a07", "0a06", "fetch kernel", 2420, 2900, ("phase.artifact.size", "14680064")),
            Span("0a08", "0a06", "fetch initramfs", 2440, 4700, ("phase.artifact.size", "63963136")),
            hasFailed
                ? Failing("0a09", "0a06", "fetch rootfs", 2460, 11900)
                : Span("0a09", "0a06", "fetch rootfs", 2460, 11900, ("phase.artifact.size", "353370112")),
        ];
        object[] later = hasFailed ? [] : [Span("0a0a", root, "verify", 11900, 12350), Span("0a0b", root, "kexec load", 12350, 13100)];
        object[] node = hasFailed ? [] :
        [
            Span("0b01", root, "kernel start", 13100, 17800),
            Span("0b02", root, "plasmd start", 17800, 19100),
            Span("0b03", root, "enrol", 19100, 19420),
            Span(root, "", "boot", 0, 19420),
        ];
        silo.Answers[$"/v1/boots/{bootId}/spans"] = new Dictionary<string, object>
        {
            ["resourceSpans"] = new[] { Resource("phase-agent", [.. agent, .. later]), Resource("plasmd", node) },
        };
        const string Begun = "[    0.000000] Linux version 6.1.0-28-cloud-amd64\n[    1.402113] eth0: link up, 1000 Mb/s\n"
            + "phase-agent: found 3 providers by mDNS\nphase-agent: manifest: release 42, signed by ed25519:7fb2…\n";
        silo.Answers[$"/v1/boots/{bootId}/log"] = Begun + (hasFailed
            ? "phase-agent: rootfs: 10.20.0.4 stalled (0 B in 5 s)\n"
                + "phase-agent: rootfs: chunk 57 of 412: no other provider has it; giving up\n"
            : "\u001b[1mphase-agent\u001b[0m: fetching 412 MiB from 3 providers\n");

        object Span(string id, string parent, string name, long from, long until, params (string Key, string Value)[] attributes) =>
            Make(
                id, parent, name, from, until, attributes,
                [Event("provider.started", from + 12, "10.20.0.4"), Event("provider.delivered", until - 9, "10.20.0.4")]);

        object Failing(string id, string parent, string name, long from, long until) => Make(
            id, parent, name, from, until, [("phase.artifact.size", "353370112")],
            [Event("provider.started", from + 12, "10.20.0.4"), Event("provider.failed", until - 4200, "10.20.0.4")],
            new Dictionary<string, object> { ["code"] = 2, ["message"] = "chunk 57 of 412: no provider delivered it" });

        Dictionary<string, object?> Make(
            string id, string parent, string name, long from, long until, (string Key, string Value)[] attributes, object[] events,
            object? status = null) => new()
            {
                ["traceId"] = bootId,
                ["spanId"] = id,
                ["parentSpanId"] = parent,
                ["name"] = name,
                ["startTimeUnixNano"] = $"{begin + from}000000",
                ["endTimeUnixNano"] = $"{begin + until}000000",
                ["attributes"] = attributes.Select(Attribute),
                ["events"] = name.StartsWith("fetch ", StringComparison.Ordinal) ? events : [],
                ["status"] = status ?? new Dictionary<string, object>(),
            };

        Dictionary<string, object> Event(string name, long at, string provider) => new()
        {
            ["name"] = name,
            ["timeUnixNano"] = $"{begin + at}000000",
            ["attributes"] = new[] { Attribute(("phase.provider", provider)) },
        };
    }

    private static Dictionary<string, object> Resource(string service, object[] spans) => new()
    {
        ["resource"] = new { attributes = new[] { Attribute(("service.name", service)), Attribute(("host.name", "ber-rack1-node00")) } },
        ["scopeSpans"] = new[] { new { spans } },
    };

    private static Dictionary<string, object> Attribute((string Key, string Value) one) => new()
    {
        ["key"] = one.Key,
        ["value"] = new Dictionary<string, string> { ["stringValue"] = one.Value },
    };
}
