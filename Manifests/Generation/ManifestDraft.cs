using PhaseMesh.Manifests.Canonical;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Manifests.Reading;
using PhaseMesh.Manifests.Signing;

namespace PhaseMesh.Manifests;

/// <summary>What a new manifest shall say. The rules for each value are those of <see cref="BootManifest"/>.</summary>
public sealed class ManifestDraft
{
    public required string Version { get; init; }

    public required ReleaseChannelName Channel { get; init; }

    public required MachineArch Arch { get; init; }

    public long? Release { get; init; }

    /// <summary>Written to whole seconds, in UTC.</summary>
    public DateTimeOffset? Created { get; init; }

    /// <summary>Written to whole seconds, in UTC.</summary>
    public DateTimeOffset? Expires { get; init; }

    public string? CommandLine { get; init; }

    /// <summary>A kernel and an initramfs, at most one of each kind.</summary>
    public required IReadOnlyCollection<ManifestArtifact> Artifacts { get; init; }

    /// <summary>Writes the manifest and signs it with each key; no keys make an unsigned one.</summary>
    /// <exception cref="ManifestFormatException">The draft breaks a rule; what is written here is read back by the same strict reader.</exception>
    public BootManifest Build(IEnumerable<Ed25519PrivateKey> signers)
    {
        ArgumentNullException.ThrowIfNull(signers);
        BootManifest manifest = BootManifest.Parse(ReadableJson.Serialize(ToJson()));
        foreach (Ed25519PrivateKey signer in signers)
        {
            manifest = ManifestSigner.AddSignature(manifest, signer);
        }

        return manifest;
    }

    private JsonObject ToJson()
    {
        JsonObject document = new();
        document.TryAdd("version", new JsonText(Version));
        document.TryAdd("manifest_version", new JsonNumber(BootManifest.SupportedManifestVersion));
        document.TryAdd("channel", new JsonText(Channel.ToString()));
        document.TryAdd("arch", new JsonText(Arch.ToString()));
        AddOptional(document, "release", Release is { } release ? new JsonNumber(release) : null);
        AddOptional(document, "created", Created is { } created ? new JsonText(Rfc3339.Format(created)) : null);
        AddOptional(document, "expires", Expires is { } expires ? new JsonText(Rfc3339.Format(expires)) : null);
        AddOptional(document, "cmdline", CommandLine is { } commandLine ? new JsonText(commandLine) : null);

        JsonObject artifacts = new();
        foreach (ManifestArtifact artifact in Artifacts.OrderBy(artifact => artifact.Kind))
        {
            if (!artifacts.TryAdd(artifact.Kind.Name(), ToJson(artifact)))
            {
                throw new ManifestFormatException($"artifacts.{artifact.Kind.Name()}", "one artifact of each kind", "two");
            }
        }

        document.TryAdd("artifacts", artifacts);
        return document;
    }

    private static JsonObject ToJson(ManifestArtifact artifact)
    {
        JsonObject fields = new();
        fields.TryAdd("hash", new JsonText(artifact.Digest.ToString()));
        fields.TryAdd("size", new JsonNumber(artifact.SizeBytes));
        fields.TryAdd("path", new JsonText(artifact.Path));
        if (artifact.Chunks is { } chunks)
        {
            fields.TryAdd("chunk_size", new JsonNumber(chunks.ChunkSizeBytes));
            fields.TryAdd("chunks", new JsonArray([.. Enumerable.Range(0, chunks.Count).Select(index => new JsonText(chunks[index].ToHex()))]));
        }

        return fields;
    }

    private static void AddOptional(JsonObject document, string name, JsonValue? value)
    {
        if (value is not null)
        {
            document.TryAdd(name, value);
        }
    }
}
