using PhaseMesh.Manifests.Naming;

namespace PhaseMesh.Gateway.Chunks;

/// <summary>
/// A chunk by what it contains, not by where it is: releases that share chunks share them here, and no other bytes can ever take its place.
/// </summary>
/// <param name="Digest">From the signed chunk table; of the whole artifact where a manifest has none.</param>
/// <param name="LengthBytes">At least 1.</param>
internal readonly record struct ChunkKey(Sha256Digest Digest, int LengthBytes);
