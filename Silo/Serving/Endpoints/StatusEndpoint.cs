using System.Globalization;
using System.Reflection;
using System.Text.Json;
using PhaseMesh.Manifests;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Manifests.Signing;
using PhaseMesh.Silo.Advertising.Dht;
using PhaseMesh.Silo.Catalog;
using PhaseMesh.Silo.Health;
using PhaseMesh.Silo.Identity;

namespace PhaseMesh.Silo.Serving.Endpoints;

/// <summary><c>GET /</c>: what this provider is, serves and is busy with.</summary>
internal sealed class StatusEndpoint(
    ReleaseCatalog catalog, ProviderLifecycle lifecycle, Ed25519PublicKey node, LoadCounters load, DhtPresence presence, TimeProvider clock)
{
    private static readonly string Version =
        typeof(StatusEndpoint).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0.0.0";

    private readonly DateTimeOffset _started = clock.GetUtcNow();
    private readonly string _peerId = NodePeer.Of(node).ToString();

    public Task GetAsync(HttpContext context)
    {
        CatalogSnapshot current = catalog.Current;
        IReadOnlyList<SlotSnapshot> slots = current.Slots;
        if (context.Request.RouteValues.Count > 0)
        {
            if (SlotRoute.Find(context, current, out string? problem) is not { } slot)
            {
                return Problem.NotFoundAsync(context, problem!);
            }

            slots = [slot];
        }

        DateTimeOffset now = clock.GetUtcNow();
        StatusReport report = new(
            "plasmd", Version, node.KeyId, _peerId, lifecycle.StateName(current), Rfc3339(_started), (long)(now - _started).TotalSeconds,
            [.. slots.SelectMany(slot => Describe(slot, now))], new LoadReport(load.Connections, load.RequestsInFlight, load.TotalBytesSent),
            presence.Node is { } libp2p ? Describe(libp2p) : null);
        return HealthEndpoint.WriteAsync(
            context, StatusCodes.Status200OK, JsonSerializer.SerializeToUtf8Bytes(report, StatusJson.Default.StatusReport));
    }

    private static Libp2pReport Describe(DhtNode node) => new(
        [.. node.PeerAddresses.Select(address => address.ToString())], node.Host.Connections.Count,
        new DhtReport(node.Dht.RoutingTableSize, node.Dht.StoredRecords, node.Dht.StoredProviders));

    private static IEnumerable<ReleaseReport> Describe(SlotSnapshot slot, DateTimeOffset now)
    {
        string channel = slot.Slot.Channel.ToString();
        string arch = slot.Slot.Arch.ToString();
        if (slot.Serving is { } release)
        {
            BootManifest manifest = release.Manifest;
            string? problem = release.WithdrawnBecause;
            yield return new ReleaseReport(
                channel, arch, manifest.Version, manifest.Release, manifest.Digest.ToString(), manifest.Expires is { } expires ? Rfc3339(expires) : null,
                [.. release.Signers.Select(signer => signer.KeyId)], problem is null ? "serving" : "refused", problem ?? release.ProblemAt(now),
                [.. manifest.Artifacts.Values.OrderBy(artifact => artifact.Kind).Select(artifact => new ArtifactReport(
                    artifact.Kind.Name(), artifact.Digest.ToString(), artifact.SizeBytes, artifact.Path, artifact.Chunks?.Count ?? 0))]);
        }

        if (slot.Candidate is { } candidate)
        {
            string state = candidate.State is CandidateState.Waiting ? "waiting" : "refused";
            yield return new ReleaseReport(channel, arch, candidate.Version, candidate.Release, null, null, [], state, candidate.Problem, []);
        }
    }

    private static string Rfc3339(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
}
