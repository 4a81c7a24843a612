using PhaseMesh.Manifests;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Manifests.Signing;

namespace PhaseMesh.Silo.Catalog.Loading;

/// <summary>
/// Turns located files into a release: with a manifest beside them by checking it and every byte against it, without one by making a
/// manifest and signing it with the node's identity. Until all is checked nothing of it is visible.
/// </summary>
internal sealed class ReleaseLoader(
    Ed25519PrivateKey nodeKey, ReleaseLedger ledger, IReadOnlyList<Ed25519PublicKey> trustedKeys, ArtifactFileContext files)
{
    public async Task<LoadResult> LoadAsync(ReleaseSlot slot, LocatedSet set, CancellationToken cancellationToken)
    {
        List<OpenedArtifact> opened = [];
        try
        {
            return set.Manifest is null
                ? await GenerateAsync(slot, set, opened, cancellationToken)
                : await VerifyAsync(slot, set, set.Manifest, opened, cancellationToken);
        }
        catch (ArtifactChangedException changed)
        {
            return LoadResult.Later(changed.Message);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return LoadResult.Later($"Cannot verify the files: {e.Message}");
        }
        finally
        {
            opened.ForEach(file => file.Dispose());
        }
    }

    private async Task<LoadResult> VerifyAsync(
        ReleaseSlot slot, LocatedSet set, LocatedFile manifestFile, List<OpenedArtifact> opened, CancellationToken cancellationToken)
    {
        // Empty before all: something that is no file could look so, and reading it might never end.
        if (manifestFile.Stamp.SizeBytes is 0 or > BootManifest.MaxBytes)
        {
            return LoadResult.Refused($"{manifestFile.Path} has {manifestFile.Stamp.SizeBytes} bytes; a manifest has 1 to at most {BootManifest.MaxBytes}.");
        }

        byte[] bytes = await File.ReadAllBytesAsync(manifestFile.Path, cancellationToken);
        if (!BootManifest.TryParse(bytes, out BootManifest? manifest, out ManifestFormatException? malformed))
        {
            return LoadResult.Refused($"{manifestFile.Path}: {malformed.Message}");
        }

        ManifestVerdict verdict = Judge(slot, manifest);
        if (!verdict.IsTrusted)
        {
            string remedy = verdict.Refusal is ManifestRefusal.ReleaseTooOld ? " To go back on purpose, sign the older files as a newer release." : "";
            return Describe(LoadResult.Refused($"{manifestFile.Path}: {verdict.Message}{remedy}"), manifest);
        }

        foreach (ManifestArtifact expected in manifest.Artifacts.Values)
        {
            if (!set.Artifacts.TryGetValue(expected.Kind, out LocatedFile? file))
            {
                return Describe(LoadResult.Incomplete(Missing(slot, set, expected.Kind)), manifest);
            }

            if (file.Stamp.SizeBytes != expected.SizeBytes)
            {
                return Describe(LoadResult.Incomplete(
                    $"{file.Path} has {file.Stamp.SizeBytes} bytes, its manifest says {expected.SizeBytes}; waiting for the right file."), manifest);
            }

            opened.Add(OpenedArtifact.Open(expected.Kind, file));
        }

        foreach (OpenedArtifact file in opened)
        {
            ManifestArtifact expected = manifest.Artifacts[file.Kind];
            ManifestArtifact found = await file.HashAsync(expected.Path, expected.Chunks?.ChunkSizeBytes, files.Stamps, cancellationToken);
            if (found.Digest != expected.Digest)
            {
                return Describe(LoadResult.Refused(
                    $"{file.Located.Path} hashes to {found.Digest}, its manifest says {expected.Digest}; it is not served."), manifest);
            }

            if (FirstWrongChunk(found, expected) is { } chunk)
            {
                return Describe(LoadResult.Refused(
                    $"Chunk {chunk} of {file.Located.Path} hashes to {found.Chunks![chunk]}, its manifest says {expected.Chunks![chunk]}; "
                    + "no client would accept it. Generate the manifest anew."), manifest);
            }
        }

        if (manifest.Release is { } release)
        {
            ledger.RememberSigned(slot, release);
        }

        return LoadResult.Loaded(Assemble(slot, set, manifest, verdict.Signers, opened));
    }

    private async Task<LoadResult> GenerateAsync(ReleaseSlot slot, LocatedSet set, List<OpenedArtifact> opened, CancellationToken cancellationToken)
    {
        foreach (ArtifactKind kind in ArtifactKinds.All)
        {
            if (!set.Artifacts.TryGetValue(kind, out LocatedFile? file))
            {
                if (slot.IsRequired(kind))
                {
                    return LoadResult.Incomplete(Missing(slot, set, kind));
                }

                continue;
            }

            if (file.Stamp.SizeBytes == 0)
            {
                return LoadResult.Incomplete($"{file.Path} is empty; waiting for its content.");
            }

            opened.Add(OpenedArtifact.Open(kind, file));
        }

        List<ManifestArtifact> artifacts = [];
        foreach (OpenedArtifact file in opened)
        {
            artifacts.Add(await file.HashAsync(slot.UrlPathOf(file.Kind), null, files.Stamps, cancellationToken));
        }

        BootManifest manifest = new ManifestGenerator(nodeKey, ledger, files.Clock).ManifestFor(slot, artifacts);
        return LoadResult.Loaded(Assemble(slot, set, manifest, [nodeKey.PublicKey], opened));
    }

    /// <summary>Without configured keys every key that the manifest names must have signed it: none of its signatures may be wrong.</summary>
    private ManifestVerdict Judge(ReleaseSlot slot, BootManifest manifest)
    {
        List<Ed25519PublicKey> keys = [.. trustedKeys];
        if (keys.Count == 0)
        {
            keys.AddRange(manifest.Signatures.Select(signature => Ed25519PublicKey.TryParse(signature.KeyId, out Ed25519PublicKey key) ? key : default)
                .Where(key => key != default));
        }

        // An unsigned manifest names no keys, and a policy needs one; any will do to have it refused as what it is.
        TrustPolicy trust = new(keys.Count == 0 ? [nodeKey.PublicKey] : keys);
        return ManifestVerifier.Verify(manifest, trust, new ManifestExpectation
        {
            Channel = slot.Channel,
            Arch = slot.Arch,
            MinimumRelease = ledger.HighestSigned(slot),
        });
    }

    private Release Assemble(
        ReleaseSlot slot, LocatedSet set, BootManifest manifest, IReadOnlyList<Ed25519PublicKey> signers, List<OpenedArtifact> opened) =>
        new(slot, manifest, signers, opened.ToDictionary(file => file.Kind, file => file.Promote(manifest.Artifacts[file.Kind], files)), set);

    private static int? FirstWrongChunk(ManifestArtifact found, ManifestArtifact expected)
    {
        for (int index = 0; index < (expected.Chunks?.Count ?? 0); index++)
        {
            if (found.Chunks![index] != expected.Chunks![index])
            {
                return index;
            }
        }

        return null;
    }

    private static string Missing(ReleaseSlot slot, LocatedSet set, ArtifactKind kind) =>
        $"No {kind.Name()} found: looked for {string.Join(" or ", slot.NamesOf(kind))} in {set.Directory}.";

    private static LoadResult Describe(LoadResult result, BootManifest manifest) =>
        result with { Candidate = result.Candidate! with { Version = manifest.Version, Release = manifest.Release } };
}
