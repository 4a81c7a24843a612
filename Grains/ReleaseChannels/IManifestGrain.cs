namespace PhaseMesh.Grains.ReleaseChannels;

/// <summary>The bytes of one signed manifest; its key is their digest, <c>sha256:</c> and hex. Stored once, never changed.</summary>
public interface IManifestGrain : IGrainWithStringKey
{
    /// <summary>Stores the bytes, which must have this grain's digest. Storing them again changes nothing.</summary>
    Task StoreAsync(ReadOnlyMemory<byte> bytes);

    /// <returns>Null where they are not stored.</returns>
    [ReadOnly]
    Task<ReadOnlyMemory<byte>?> GetAsync();

    [ReadOnly]
    Task<bool> IsStoredAsync();

    /// <summary>No channel remembers it any more.</summary>
    Task ForgetAsync();
}
