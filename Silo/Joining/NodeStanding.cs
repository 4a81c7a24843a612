using System.Buffers;
using System.Text.Json;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Manifests.Signing;
using PhaseMesh.Silo.Advertising;
using PhaseMesh.Silo.Advertising.Dht;
using PhaseMesh.Silo.Catalog;
using PhaseMesh.Silo.Health;

namespace PhaseMesh.Silo.Joining;

/// <summary>What this node can say of itself at a moment, in the fleet's JSON.</summary>
internal sealed class NodeStanding(
    ProviderOptions options, Ed25519PublicKey node, int port, ReleaseCatalog catalog, ProviderLifecycle lifecycle, LoadCounters load,
    DhtPresence dht, TimeProvider clock)
{
    private readonly OwnServers _servers = new(options.Dht.AnnouncedServers, ListeningScope.Of(options.Bind), port);
    private long _bytesSent = load.TotalBytesSent;
    private long _measuredAt = clock.GetTimestamp();

    public string Key => node.KeyId;

    public ReleaseCatalog Catalog => catalog;

    /// <summary>As <c>/readyz</c> says.</summary>
    public bool IsReady => lifecycle.ReasonsNotReady(catalog.Current.Slots).Count == 0;

    /// <summary>Digests of the artifacts that were verified and are served, in order.</summary>
    public IReadOnlyList<string> Replicas =>
    [
        .. catalog.Current.Blobs.Where(each => each.Value.StaleBecause is null).Select(each => each.Key.ToString())
            .Order(StringComparer.Ordinal).Take(JoiningLimits.MaxReplicas),
    ];

    /// <summary>libp2p addresses and root URLs by which others reach this node now.</summary>
    public NodePlaces Places => new(
        [.. (dht.Node?.PeerAddresses ?? []).Select(address => address.ToString()).Take(JoiningLimits.MaxAddresses)],
        [.. _servers.Urls.Select(url => url.ToString()).Take(JoiningLimits.MaxAddresses)]);

    public byte[] Enrolment(NodePlaces places, IReadOnlyList<string> replicas, string? ticket, string? token) => Write(json =>
    {
        json.WriteString("key", Key);
        json.WriteString("arch", MachineArch.OfThisMachine.ToString());
        json.WriteString("name", Environment.MachineName);
        WriteList(json, "addresses", places.Addresses);
        WriteList(json, "urls", places.Urls);
        FleetMembershipOptions fleet = options.Fleet;
        WriteList(json, "capabilities",
        [
            .. fleet.Site is { } site ? [$"site.{site}"] : Array.Empty<string>(),
            .. fleet.Rack is { } rack ? [$"rack.{rack}"] : Array.Empty<string>(),
            .. fleet.Capabilities,
        ]);
        WriteList(json, "replicas", replicas);
        if (ticket is not null)
        {
            json.WriteString("ticket", ticket);
        }

        if (token is not null)
        {
            json.WriteString("token", token);
        }
    });

    /// <param name="replicas">Null: as before.</param>
    public byte[] Heartbeat(IReadOnlyList<string>? replicas)
    {
        long bytes = load.TotalBytesSent;
        double seconds = clock.GetElapsedTime(_measuredAt).TotalSeconds;
        long rate = seconds > 0.01 ? (long)((bytes - _bytesSent) / seconds) : 0;
        (_bytesSent, _measuredAt) = (bytes, clock.GetTimestamp());
        return Write(json =>
        {
            json.WriteStartObject("load");
            json.WriteNumber("requests_in_flight", load.RequestsInFlight);
            json.WriteNumber("bytes_per_second", rate);
            json.WriteEndObject();
            json.WriteString("health", IsReady ? "ok" : "failing");
            if (replicas is not null)
            {
                WriteList(json, "replicas", replicas);
            }
        });
    }

    /// <param name="at">Now, by the best clock known.</param>
    public static byte[] Joined(DateTimeOffset at)
    {
        ArrayBufferWriter<byte> buffer = new();
        using Utf8JsonWriter json = new(buffer);
        json.WriteStartArray();
        json.WriteStartObject();
        json.WriteString("phase", "joined");
        json.WriteString("at", at.UtcDateTime);
        json.WriteEndObject();
        json.WriteEndArray();
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    private static byte[] Write(Action<Utf8JsonWriter> fields)
    {
        ArrayBufferWriter<byte> buffer = new();
        using Utf8JsonWriter json = new(buffer);
        json.WriteStartObject();
        fields(json);
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    private static void WriteList(Utf8JsonWriter json, string name, IReadOnlyList<string> values)
    {
        json.WriteStartArray(name);
        foreach (string value in values)
        {
            json.WriteStringValue(value);
        }

        json.WriteEndArray();
    }
}

/// <summary>Where a node is reached; compared by content.</summary>
internal sealed record NodePlaces(IReadOnlyList<string> Addresses, IReadOnlyList<string> Urls)
{
    public bool Equals(NodePlaces? other) =>
        other is not null && Addresses.SequenceEqual(other.Addresses) && Urls.SequenceEqual(other.Urls);

    public override int GetHashCode() => HashCode.Combine(Addresses.Count, Urls.Count);
}
