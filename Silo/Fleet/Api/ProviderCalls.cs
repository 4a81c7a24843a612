using System.Collections.Immutable;
using PhaseMesh.Grains.Providers;
using PhaseMesh.Manifests.Signing;
using PhaseMesh.Silo.Identity;

namespace PhaseMesh.Silo.Fleet.Api;

/// <param name="Key">The node's key id, which must have signed the call.</param>
/// <param name="Addresses">libp2p multiaddrs.</param>
/// <param name="Urls">Root URLs of its HTTP server.</param>
/// <param name="Capabilities">Words; <c>site.NAME</c> and <c>rack.NAME</c> say where it stands.</param>
/// <param name="Replicas">Digests of artifacts it verified and serves.</param>
/// <param name="Ticket">Of the boot it came by.</param>
/// <param name="Token">A join token.</param>
internal sealed record EnrolCall(
    string Key, string Arch, ImmutableArray<string>? Addresses = null, ImmutableArray<string>? Urls = null,
    ImmutableArray<string>? Capabilities = null, ImmutableArray<string>? Replicas = null, string? Name = null, string? Ticket = null,
    string? Token = null);

/// <param name="State">What it is to the fleet.</param>
/// <param name="HeartbeatSeconds">When to come again.</param>
internal sealed record EnrolAnswer(ProviderState State, int HeartbeatSeconds);

/// <param name="Replicas">All it serves; null: as before.</param>
internal sealed record HeartbeatCall(LoadCall? Load = null, ProviderHealth Health = ProviderHealth.Ok,
    ImmutableArray<string>? Replicas = null);

internal sealed record LoadCall(int RequestsInFlight = 0, long BytesPerSecond = 0, long CapacityBytesPerSecond = 0);

internal sealed record ReasonCall(string Reason = "");

internal sealed record WeightCall(double Weight);

/// <param name="Manifest">Digest of the published manifest that names artifact and chunk.</param>
/// <param name="Chunk">From 0; -1: the artifact as a whole.</param>
/// <param name="Actual">Digest of what came.</param>
/// <param name="Receipt">The accused provider's own signature over what it sent.</param>
internal sealed record MisbehaviourCall(string Manifest, string Artifact, int Chunk, string Actual, ReceiptCall? Receipt = null);

/// <param name="Signature">base64.</param>
/// <param name="Time">As in what it signed.</param>
internal sealed record ReceiptCall(byte[] Signature, DateTimeOffset Time);

internal sealed record ProviderList(ImmutableArray<ProviderAnswer> Providers, string? Next);

internal sealed record ProviderAnswer(
    string Key, string PeerId, string? Name, ProviderState State, string Reason, DateTimeOffset StateSince, bool AwaitsApproval,
    string Arch, string? Site, string? Rack, double Weight, ProviderHealth Health, ProviderLoad Load, ImmutableArray<string> Addresses,
    ImmutableArray<string> Urls, ImmutableArray<string> Capabilities, ImmutableArray<string> Replicas, DateTimeOffset LastSeenAt,
    DateTimeOffset EnrolledAt, AdmissionKind Admission, string AdmissionReference, ImmutableArray<Accusation> Accusations)
{
    private const string SitePrefix = "site.";
    private const string RackPrefix = "rack.";

    public static ProviderAnswer Of(ProviderView view) => new(
        view.Key, NodePeer.Of(Ed25519PublicKey.Parse(view.Key)).ToString(), view.Name, view.State, view.Reason, view.StateSince,
        view.AwaitsApproval, view.Arch, Said(view, SitePrefix), Said(view, RackPrefix), view.Weight, view.Health, view.Load,
        view.Addresses, view.Urls, view.Capabilities, view.Replicas, view.LastSeenAt, view.EnrolledAt, view.Admission,
        view.AdmissionReference, view.Accusations);

    private static string? Said(ProviderView view, string prefix) => view.Capabilities
        .FirstOrDefault(word => word.Length > prefix.Length && word.StartsWith(prefix, StringComparison.Ordinal))?[prefix.Length..];
}
