namespace PhaseMesh.Manifests;

/// <summary>Every bound of docs/wire/manifest.md. A reader enforces all of them before it allocates for what they bound.</summary>
internal static class ManifestLimits
{
    internal const int MaxDepth = 16;
    internal const int MaxNameLength = 256;
    internal const int MaxStringLength = 8192;
    internal const int MaxNumberLength = 64;
    internal const int MaxMembersPerObject = 64;
    internal const int MaxItemsPerArray = 4096;

    /// <summary>All values of a document together: three artifacts of 4096 chunks leave half of it for unknown fields.</summary>
    internal const int MaxValues = 32_768;

    internal const int MaxSignatures = 16;
    internal const int MaxSignatureBytes = 1024;
    internal const int MaxKeyIdLength = 256;
    internal const int MaxVersionLength = 128;
    internal const int MaxPathLength = 1024;
    internal const int MaxCommandLineLength = 2048;
}
