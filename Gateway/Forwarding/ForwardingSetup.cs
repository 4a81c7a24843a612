using Microsoft.Extensions.DependencyInjection.Extensions;
using PhaseMesh.Gateway.Admission;
using PhaseMesh.Gateway.Chunks;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Serving;
using PhaseMesh.Serving.Bodies;
using PhaseMesh.Serving.Responses;

namespace PhaseMesh.Gateway.Forwarding;

internal static class ForwardingSetup
{
    private static readonly string[] Methods = [HttpMethods.Get, HttpMethods.Head];

    /// <summary>
    /// Needs besides: the directory, the picker, <see cref="TimeProvider"/>; and where they exist <see cref="IMisbehaviourReporter"/> and
    /// <see cref="IClientSites"/> and <see cref="IRedirects"/>.
    /// </summary>
    public static IServiceCollection AddForwarding(
        this IServiceCollection services, ForwardingOptions options, ChunkStoreOptions chunks, AdmissionOptions admission)
    {
        services.AddSingleton(admission);
        services.AddSingleton(provider => new AdmissionControl(
            admission, provider.GetRequiredService<TimeProvider>(), Random.Shared.NextDouble));
        services.AddSingleton(options);
        services.AddSingleton(chunks);
        services.AddSingleton<ChunkCounters>();
        services.AddSingleton<ChunkStore>();
        services.AddSingleton<DiskChunks>();
        services.AddSingleton(new PieceBuffers((int)Math.Max(4, options.BufferBytes / PieceBuffers.SizeBytes)));
        services.AddSingleton<ReplicaTransport>();
        services.AddSingleton<ChunkReceiver>();
        services.AddSingleton<ReplicaExchange>();
        services.AddSingleton<ChunkFetcher>();
        services.AddSingleton<ArtifactForwarder>();
        services.TryAddSingleton<LoadCounters>();
        services.TryAddSingleton<ArtifactBody>();
        services.TryAddSingleton<ArtifactResponse>();
        services.TryAddSingleton<IMisbehaviourReporter, NoMisbehaviourReporter>();
        services.TryAddSingleton<IClientSites, UnknownClientSites>();
        services.TryAddSingleton<IRedirects, NoRedirects>();
        return services;
    }

    /// <summary><c>/blobs/...</c>, <c>/kernel</c>, <c>/initramfs</c>, <c>/rootfs</c> and these under <c>/{channel}/{arch}</c>.</summary>
    public static void MapArtifacts(this IEndpointRouteBuilder routes)
    {
        ArtifactForwarder artifacts = routes.ServiceProvider.GetRequiredService<ArtifactForwarder>();
        routes.MapMethods("/blobs/{digest}", Methods, artifacts.GetBlobAsync);
        foreach (ArtifactKind kind in ArtifactKinds.All)
        {
            routes.MapMethods("/" + kind.Name(), Methods, context => artifacts.GetNamedAsync(context, kind));
            routes.MapMethods("/{channel}/{arch}/" + kind.Name(), Methods, context => artifacts.GetNamedAsync(context, kind));
        }
    }
}
