using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Npgsql;
using Orleans.Configuration;
using Orleans.Hosting;
using PhaseMesh.Grains.Artifacts;
using PhaseMesh.Grains.BootSessions;
using PhaseMesh.Grains.Fleet;
using PhaseMesh.Grains.Housekeeping;
using PhaseMesh.Grains.Providers;
using PhaseMesh.Grains.ReleaseChannels;

namespace PhaseMesh.Grains.OnOrleans;

/// <summary>What a silo adds to host the fleet's grains on Microsoft Orleans with PostgreSQL.</summary>
public static class PhaseMeshGrains
{
    private const string Invariant = "Npgsql";
    private const string ServiceId = "phasemesh";

    /// <summary>Membership, states and reminders in one database, whose tables Orleans' own scripts have made.</summary>
    public static ISiloBuilder UsePhaseMeshGrains(
        this ISiloBuilder silo, string connectionString, FleetOptions options, int siloPort, int gatewayPort)
    {
        silo.Configure<ClusterOptions>(cluster => (cluster.ClusterId, cluster.ServiceId) = (ServiceId, ServiceId))
            .ConfigureEndpoints("127.0.0.1", siloPort, gatewayPort)
            .UseAdoNetClustering(ado => (ado.Invariant, ado.ConnectionString) = (Invariant, connectionString))
            .AddAdoNetGrainStorageAsDefault(ado => (ado.Invariant, ado.ConnectionString) = (Invariant, connectionString))
            .UseAdoNetReminderService(ado => (ado.Invariant, ado.ConnectionString) = (Invariant, connectionString));
        silo.Services.TryAddSingleton(TimeProvider.System);
        silo.Services.AddSingleton(options)
            .AddSingleton(_ => new AdoNetStates(NpgsqlDataSource.Create(connectionString), ServiceId))
            .AddSingleton<IBootSessionIndex, BootSessionIndex>()
            .AddSingleton<IProviderIndex, ProviderIndex>()
            .AddSingleton<IArtifactIndex, ArtifactIndex>()
            .AddSingleton<IReleaseChannelIndex, ReleaseChannelIndex>()
            .AddSingleton<IJoinTokenIndex, JoinTokenIndex>()
            .AddSingleton<INonceIndex, NonceIndex>()
            .AddSingleton<IBootFeed, LocalBootFeed>()
            .AddSingleton<ReleasePublisher>()
            .AddSingleton<FleetAdmission>()
            .AddHostedService<HousekeepingStarter>();
        return silo;
    }
}
