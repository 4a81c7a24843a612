using System.Text;
using System.Text.Json;
using PhaseMesh.Manifests.Canonical;
using PhaseMesh.Manifests.Naming;
using PhaseMesh.Manifests.Reading;
using PhaseMesh.Manifests.Signing;

namespace PhaseMesh.Manifests.Tests.Reading;

/// <summary>Damaged manifests: each is read or refused, never anything else, and what is read means the same to another reader.</summary>
public class ManifestFuzzTests
{
    private const int Rounds = 20_000;

    private static readonly byte[][] Tokens =
    [
        .. new[]
        {
            "{", "}", "[", "]", ",", ":", "\"", "\\", "\\u0000", "\\ud800", "null", "true", "-1", "0", "1e400", "9007199254740993", "1e-400",
            "/*", "//", "\uFEFF", "\u0000", "\"a\":1,", "\"signatures\":[],", "\"chunks\":[],", "[[[[[[[[[[[[[[[[[[", "sha256:", "\"\":{},",
        }.Select(Encoding.UTF8.GetBytes),
        [0xff],
        [0xc0, 0x80],
        [0xed, 0xa0, 0x80],
    ];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Parse_MutatedManifest_IsReadOrRefusedAndNothingElse(int seed)
    {
        Random random = new(seed);
        using Ed25519PrivateKey key = TestManifests.Key(1);
        byte[][] corpus =
        [
            TestManifests.Signed(key).RawBytes.ToArray(),
            CanonicalJson.Serialize(StrictJsonReader.Read(TestManifests.Signed(key, key).RawBytes.Span)),
            Encoding.UTF8.GetBytes(TestManifests.Plain),
        ];
        TrustPolicy trust = new([key.PublicKey]);
        byte[] trusted = BootManifest.Parse(corpus[0]).SignedBytes.ToArray();

        int read = 0;
        for (int round = 0; round < Rounds; round++)
        {
            byte[] mutant = Mutate(random, corpus[random.Next(corpus.Length)]);
            if (!BootManifest.TryParse(mutant, out BootManifest? manifest, out ManifestFormatException? refused))
            {
                Assert.InRange(refused.Message.Length, 1, 600);
                continue;
            }

            read++;
            AssertSecondOpinion(manifest);
            if (ManifestVerifier.Verify(manifest, trust, new ManifestExpectation()).IsTrusted)
            {
                Assert.Equal(trusted, manifest.SignedBytes.ToArray()); // Only white space and spelling may differ.
            }
        }

        Assert.InRange(read, Rounds / 100, Rounds); // The mutations must not all be fatal, or nothing was compared.
    }

    private static void AssertSecondOpinion(BootManifest manifest)
    {
        using JsonDocument document = JsonDocument.Parse(manifest.RawBytes);
        JsonElement root = document.RootElement;
        Assert.Equal(root.GetProperty("version").GetString(), manifest.Version);
        foreach ((ArtifactKind kind, ManifestArtifact artifact) in manifest.Artifacts)
        {
            JsonElement fields = root.GetProperty("artifacts").GetProperty(kind.Name());
            Assert.Equal(fields.GetProperty("hash").GetString(), artifact.Digest.ToString());
            Assert.Equal(fields.GetProperty("size").GetDouble(), artifact.SizeBytes);
            Assert.Equal(fields.TryGetProperty("chunks", out JsonElement chunks) ? chunks.GetArrayLength() : 0, artifact.Chunks?.Count ?? 0);
        }

        byte[] again = CanonicalJson.Serialize(StrictJsonReader.Read(manifest.SignedBytes.Span));
        Assert.Equal(manifest.SignedBytes.ToArray(), again);
    }

    private static byte[] Mutate(Random random, byte[] original)
    {
        List<byte> bytes = [.. original];
        for (int changes = random.Next(1, 4); changes > 0 && bytes.Count > 0; changes--)
        {
            int at = random.Next(bytes.Count);
            int length = Math.Min(random.Next(1, 40), bytes.Count - at);
            switch (random.Next(6))
            {
                case 0: bytes[at] = (byte)random.Next(256); break;
                case 1: bytes[at] = (byte)"0123456789abcdef \n\""[random.Next(19)]; break;
                case 2: bytes.RemoveRange(at, length); break;
                case 3: bytes.InsertRange(random.Next(bytes.Count), bytes.GetRange(at, length)); break;
                case 4: bytes.InsertRange(at, Tokens[random.Next(Tokens.Length)]); break;
                default: bytes.RemoveRange(at, random.Next(20) == 0 ? bytes.Count - at : 1); break;
            }
        }

        return [.. bytes];
    }
}
