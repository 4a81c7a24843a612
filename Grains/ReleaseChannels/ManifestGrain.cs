using PhaseMesh.Grains.Fleet;
using PhaseMesh.Manifests;
using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.Grains.ReleaseChannels;

/// <summary>What a manifest grain keeps.</summary>
[GenerateSerializer]
internal sealed class ManifestGrainState
{
    [Id(0)]
    public byte[] Content { get; set; } = [];
}

/// <summary>See <see cref="IManifestGrain"/>.</summary>
internal sealed class ManifestGrain([PersistentState("manifest")] IPersistentState<ManifestGrainState> manifest) : Grain, IManifestGrain
{
    public async Task StoreAsync(ReadOnlyMemory<byte> bytes)
    {
        if (bytes.Length > BootManifest.MaxBytes || Sha256Digest.Compute(bytes.Span).ToString() != this.GetPrimaryKeyString())
        {
            throw Refuse.Invalid(
                $"Expected at most {BootManifest.MaxBytes} bytes with the digest {Refuse.Quote(this.GetPrimaryKeyString())}, found "
                    + $"{bytes.Length} others.");
        }

        if (manifest.RecordExists)
        {
            return;
        }

        manifest.State.Content = bytes.ToArray();
        await manifest.WriteStateAsync();
    }

    public Task<ReadOnlyMemory<byte>?> GetAsync() =>
        Task.FromResult(manifest.RecordExists ? new ReadOnlyMemory<byte>(manifest.State.Content) : (ReadOnlyMemory<byte>?)null);

    public Task<bool> IsStoredAsync() => Task.FromResult(manifest.RecordExists);

    public async Task ForgetAsync()
    {
        if (manifest.RecordExists)
        {
            await manifest.ClearStateAsync();
        }
    }
}
