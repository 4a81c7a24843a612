using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using PhaseMesh.Grains.Fleet;
using PhaseMesh.Grains.Providers;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Manifests.Signing;
using PhaseMesh.Silo.Advertising.Dht;
using PhaseMesh.Silo.Catalog;
using PhaseMesh.Silo.Health;
using GrainOptions = PhaseMesh.Grains.Fleet.FleetOptions;

namespace PhaseMesh.Silo.Fleet.Hosting;

/// <summary>
/// A silo that serves artifacts is a provider of its own fleet: once something is served it enrols itself, in process, and then says at
/// each period that it is there; on a stop it drains itself.
/// </summary>
internal sealed partial class SiloProvider(
    ReleaseCatalog catalog, ProviderLifecycle lifecycle, ProviderOptions options, Ed25519PublicKey node, LoadCounters load,
    DhtPresence dht, IServer server, IHostApplicationLifetime application, IGrainFactory grains, FleetAdmission admission,
    GrainOptions fleet, TimeProvider clock, ILogger<SiloProvider> log)
    : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using CancellationTokenSource ended = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, lifecycle.Draining);
        bool isEnrolled = false;
        try
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, clock, application.ApplicationStarted)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await catalog.WaitForAsync(current => current.Slots.Any(slot => slot.Serving is not null), ended.Token);
            while (true)
            {
                isEnrolled = await SayAsync(isEnrolled);
                await Task.Delay(fleet.HeartbeatPeriod, clock, ended.Token);
            }
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            if (isEnrolled && !stoppingToken.IsCancellationRequested)
            {
                await DrainAsync();
            }
        }
    }

    /// <returns>Whether the fleet knows this provider.</returns>
    private async Task<bool> SayAsync(bool isEnrolled)
    {
        try
        {
            if (!isEnrolled)
            {
                await admission.EnrolSiloAsync(node.KeyId, Enrolment());
            }

            await grains.GetGrain<IProviderGrain>(node.KeyId).BeatAsync(new ProviderHeartbeat
            {
                Load = new ProviderLoad(load.RequestsInFlight, 0),
                Replicas = [.. Replicas()],
                SignedAt = clock.GetUtcNow(),
            });
            return true;
        }
        catch (FleetRefusedException refused) when (refused.Slug == FleetRefusals.EnrolAgain)
        {
            return false;
        }
        catch (Exception exception)
        {
            // The next period says it again: an unreachable database must not end this.
            LogUnheard(exception.Message);
            return isEnrolled;
        }
    }

    private async Task DrainAsync()
    {
        try
        {
            await grains.GetGrain<IProviderGrain>(node.KeyId).DrainAsync(node.KeyId);
        }
        catch (Exception exception)
        {
            LogUnheard(exception.Message); // It will be found silent.
        }
    }

    private ProviderEnrolment Enrolment()
    {
        int port = BindingAddress.Parse(server.Features.Get<IServerAddressesFeature>()!.Addresses.First()).Port;
        return new ProviderEnrolment
        {
            Addresses = [.. (dht.Node?.PeerAddresses ?? []).Select(address => address.ToString()).Take(ProviderLimits.MaxAddresses)],
            Urls = [.. SiloServices.UrlsOf(options, port).Select(url => url.ToString()).Take(ProviderLimits.MaxUrls)],
            Arch = MachineArch.OfThisMachine.ToString(),
            Replicas = [.. Replicas()],
            Name = Environment.MachineName,
            SignedAt = clock.GetUtcNow(),
        };
    }

    private IEnumerable<string> Replicas() =>
        catalog.Current.Blobs.Keys.Select(digest => digest.ToString()).Order(StringComparer.Ordinal).Take(ProviderLimits.MaxReplicas);

    [LoggerMessage(1510, LogLevel.Warning, "This silo's own provider could not be told to the fleet: {Reason}")]
    private partial void LogUnheard(string reason);
}
