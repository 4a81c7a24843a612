using PhaseMesh.Cluster.Diagnostics;
using PhaseMesh.Cluster.Engine;
using PhaseMesh.Cluster.Hosting;

namespace PhaseMesh.Cluster.Membership;

/// <summary>
/// This silo's entry, renewed at a third of its lease. A silo that was frozen or cut off finds its entry again when it wakes, or joins
/// anew where it was forgotten.
/// </summary>
internal sealed class ClusterMembership(StorageSession session, GrainClusterOptions options, ClusterLog log) : IClusterMembership
{
    private static readonly TimeSpan ForgetAfter = TimeSpan.FromDays(1);

    private bool _isSuperseded;

    public SiloIdentity? Self { get; private set; }

    public async Task<IReadOnlyList<SiloEntry>> ListAsync(CancellationToken cancellationToken = default)
    {
        IReadOnlyList<SiloEntry> silos = [];
        await session.RunAsync(async token => silos = await session.Store.Tables.ListSilosAsync(token), "list the "
            + "silos", cancellationToken);

        // The highest generation of a name is the one that counts.
        HashSet<string> seen = [];
        return
        [
            .. silos.OrderBy(silo => silo.Identity.Name, StringComparer.Ordinal).ThenByDescending(silo => silo.Identity.Generation)
                .Select(silo => seen.Add(silo.Identity.Name) || silo.Status == SiloStatus.Left
                    ? silo : silo with { Status = SiloStatus.Superseded }),
        ];
    }

    public async Task JoinAsync(CancellationToken cancellationToken)
    {
        long generation = 0;
        await session.RunAsync(
            async token => generation = await session.Store.Tables.JoinAsync(
                options.SiloName, options.SiloAddress, options.SiloVersion, options.SiloLease, token),
            "join the cluster",
            cancellationToken);
        Self = new SiloIdentity(options.SiloName, generation);
        log.Joined(Self.Value.ToString());
    }

    public async Task RenewAsync(CancellationToken cancellationToken)
    {
        if (Self is not { } self || !await session.Store.Tables.RenewAsync(self, options.SiloLease, cancellationToken))
        {
            await JoinAsync(cancellationToken);
            return;
        }

        bool isSuperseded = (await ListAsync(cancellationToken)).Any(silo => silo.Identity == self && silo.Status == SiloStatus.Superseded);
        if (isSuperseded && !_isSuperseded)
        {
            log.Superseded(self.ToString());
        }

        _isSuperseded = isSuperseded;
    }

    public Task ForgetAsync(CancellationToken cancellationToken) => session.Store.Tables.ForgetSilosAsync(ForgetAfter, cancellationToken);

    public async Task LeaveAsync(CancellationToken cancellationToken)
    {
        if (Self is { } self)
        {
            await session.Store.Tables.LeaveAsync(self, cancellationToken);
        }
    }
}
