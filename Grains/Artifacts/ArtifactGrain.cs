using PhaseMesh.Grains.Fleet;
using PhaseMesh.Grains.ReleaseChannels;
using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.Grains.Artifacts;

/// <summary>What an artifact grain keeps.</summary>
[GenerateSerializer]
internal sealed class ArtifactGrainState
{
    [Id(0)]
    public ArtifactDescription Description { get; set; } = new();

    /// <summary>Channels that offer it.</summary>
    [Id(1)]
    public List<string> Channels { get; set; } = [];

    /// <summary>Set by an operator.</summary>
    [Id(2)]
    public int? ReplicasWanted { get; set; }

    [Id(3)]
    [GrainField]
    public bool IsOffered { get; set; }
}

/// <summary>See <see cref="IArtifactGrain"/>.</summary>
internal sealed class ArtifactGrain([PersistentState("artifact")] IPersistentState<ArtifactGrainState> artifact, FleetOptions options)
    : Grain, IArtifactGrain
{
    public async Task DescribeAsync(ArtifactDescription description)
    {
        if (!Sha256Digest.TryParse(this.GetPrimaryKeyString(), out _) || !ReleaseChannelKey.TryParse(description.Channel, out _)
            || !Sha256Digest.TryParse(description.Manifest, out _) || !ArtifactKinds.TryParse(description.Kind, out _)
                || description.SizeBytes < 1)
        {
            throw Refuse.Invalid(
                $"{Refuse.Quote(this.GetPrimaryKeyString())} in {Refuse.Quote(description.Channel)} is no description of an artifact.");
        }

        ArtifactGrainState state = artifact.State;
        bool isListed = state.Channels.Contains(description.Channel);
        if (isListed && state.Description with { Channel = description.Channel } == description)
        {
            return;
        }

        if (!isListed && state.Channels.Count >= ArtifactLimits.MaxChannels)
        {
            throw Refuse.TooMany($"{this.GetPrimaryKeyString()} is offered by {state.Channels.Count} channels, the most there may be.");
        }

        state.Description = description;
        state.IsOffered = true;
        if (!isListed)
        {
            state.Channels.Add(description.Channel);
        }

        await artifact.WriteStateAsync();
    }

    public async Task ReleaseAsync(string channel)
    {
        if (artifact.State.Channels.Remove(channel))
        {
            artifact.State.IsOffered = artifact.State.Channels.Count > 0;
            await artifact.WriteStateAsync();
        }
    }

    public async Task SetReplicasWantedAsync(int? replicas)
    {
        if (!artifact.RecordExists)
        {
            throw Refuse.NotFound($"No release names {Refuse.Quote(this.GetPrimaryKeyString())}.");
        }

        if (replicas is < 0 or > ArtifactLimits.MaxReplicasWanted)
        {
            throw Refuse.Invalid($"replicas: expected 0 to {ArtifactLimits.MaxReplicasWanted}, found {replicas}.");
        }

        artifact.State.ReplicasWanted = replicas;
        await artifact.WriteStateAsync();
    }

    public Task<ArtifactView?> GetAsync() =>
        Task.FromResult(artifact.RecordExists ? ViewOf(this.GetPrimaryKeyString(), artifact.State, options) : null);

    internal static ArtifactView ViewOf(string digest, ArtifactGrainState state, FleetOptions options) => new()
    {
        Digest = digest,
        Kind = state.Description.Kind,
        SizeBytes = state.Description.SizeBytes,
        ChunkSizeBytes = state.Description.ChunkSizeBytes,
        ChunkCount = state.Description.ChunkCount,
        Manifest = state.Description.Manifest,
        Channels = [.. state.Channels],
        ReplicasWanted = state.IsOffered ? state.ReplicasWanted ?? options.ReplicasWanted : 0,
    };
}
