using PhaseMesh.Manifests.Canonical;
using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.Manifests.Reading;

/// <summary>The <c>artifacts</c> object: kernel and initramfs must be there, rootfs may be, other names are unknown fields.</summary>
internal static class ArtifactReader
{
    private const string ExpectedHash = "sha256: and 64 lower-case hex digits";

    internal static IReadOnlyDictionary<ArtifactKind, ManifestArtifact> ReadAll(JsonFields artifacts)
    {
        Dictionary<ArtifactKind, ManifestArtifact> byKind = [];
        foreach (ArtifactKind kind in ArtifactKinds.All)
        {
            if (kind != ArtifactKind.Rootfs || artifacts.Has(kind.Name()))
            {
                byKind.Add(kind, Read(kind, artifacts.Object(kind.Name())));
            }
        }

        return byKind.AsReadOnly();
    }

    private static ManifestArtifact Read(ArtifactKind kind, JsonFields fields)
    {
        if (!Sha256Digest.TryParse(fields.Text("hash", ExpectedHash), out Sha256Digest digest))
        {
            throw fields.Refuse("hash", ExpectedHash);
        }

        long sizeBytes = fields.Integer("size", 1, ManifestArtifact.MaxSizeBytes);
        string path = fields.Text("path", ArtifactPath.Expected);
        return ArtifactPath.IsValid(path)
            ? new ManifestArtifact(kind, digest, sizeBytes, path, ReadChunks(fields, sizeBytes))
            : throw fields.Refuse("path", ArtifactPath.Expected);
    }

    private static ChunkTable? ReadChunks(JsonFields fields, long sizeBytes)
    {
        if (!fields.Has("chunk_size") && !fields.Has("chunks"))
        {
            return null;
        }

        long chunkSizeBytes = fields.Integer("chunk_size", ChunkTable.MinChunkSizeBytes, ChunkTable.MaxChunkSizeBytes);
        if (!ChunkTable.IsChunkSize(chunkSizeBytes))
        {
            throw fields.Refuse("chunk_size", ChunkTable.ExpectedChunkSize);
        }

        JsonArray chunks = fields.Array("chunks", ChunkTable.MaxCount, "an array of chunk digests, 64 lower-case hex digits each");
        long expectedCount = ChunkTable.CountFor(sizeBytes, (int)chunkSizeBytes);
        if (chunks.Items.Count != expectedCount)
        {
            throw new ManifestFormatException(fields.PathOf("chunks"),
                $"{expectedCount} chunks ({sizeBytes} bytes in chunks of {chunkSizeBytes})", $"{chunks.Items.Count}");
        }

        Sha256Digest[] digests = new Sha256Digest[chunks.Items.Count];
        for (int index = 0; index < digests.Length; index++)
        {
            if (chunks.Items[index] is not JsonText text || !Sha256Digest.TryParseHex(text.Value, out digests[index]))
            {
                throw new ManifestFormatException($"{fields.PathOf("chunks")}[{index}]", "64 lower-case hex digits",
                    JsonFields.Describe(chunks.Items[index]));
            }
        }

        return new ChunkTable(sizeBytes, (int)chunkSizeBytes, digests);
    }
}
