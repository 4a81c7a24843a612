using System.Text.Json.Nodes;
using PhaseMesh.Manifests.Signing;

namespace PhaseMesh.Manifests.Tests.Verification;

/// <summary>Every value of a signed manifest changed, every field removed, a field added at every level: nothing gets past.</summary>
public class TamperTests
{
    [Fact]
    public void Verify_EveryValueChanged_IsRefused()
    {
        int byVerification = CountRefusals(node =>
        {
            if (node is JsonValue value)
            {
                node.ReplaceWith(Changed(value));
                return true;
            }

            return false;
        });
        Assert.InRange(byVerification, 20, int.MaxValue); // Not all may fall to the format rules: signatures must catch their share.
    }

    [Fact]
    public void Verify_EveryFieldRemoved_IsRefused() => CountRefusals(node =>
    {
        switch (node.Parent)
        {
            case JsonObject parent: return parent.Remove(node.GetPropertyName());
            case JsonArray parent: return parent.Remove(node);
            default: return false;
        }
    });

    [Fact]
    public void Verify_FieldAddedToAnySignedObject_IsRefused()
    {
        int byVerification = CountRefusals(node =>
        {
            if (node is not JsonObject @object || IsSignature(node))
            {
                return false;
            }

            @object["extra"] = "unknown to this version";
            return true;
        });
        Assert.Equal(5, byVerification); // The document, artifacts, and three artifacts: well-formed, but not what was signed.
    }

    /// <summary>Applies the change to each node of a fresh copy in turn; every copy it changed must be refused.</summary>
    /// <returns>How many were refused by verification rather than by the format.</returns>
    private static int CountRefusals(Func<JsonNode, bool> change)
    {
        using Ed25519PrivateKey key = TestManifests.Key(1);
        TrustPolicy trust = new([key.PublicKey]);
        string signed = TestManifests.Text(TestManifests.Signed(key));
        int count = Nodes(JsonNode.Parse(signed)!).Count();
        int byVerification = 0;
        for (int index = 0; index < count; index++)
        {
            JsonNode document = JsonNode.Parse(signed)!;
            JsonNode node = Nodes(document).ElementAt(index);
            string path = node.GetPath();
            if (!change(node))
            {
                continue;
            }

            if (BootManifest.TryParse(System.Text.Encoding.UTF8.GetBytes(document.ToJsonString()), out BootManifest? manifest, out _))
            {
                Assert.False(ManifestVerifier.Verify(manifest, trust, new ManifestExpectation()).IsTrusted, path);
                byVerification++;
            }
        }

        return byVerification;
    }

    private static IEnumerable<JsonNode> Nodes(JsonNode node) => node switch
    {
        JsonObject @object => @object.SelectMany(member => Nodes(member.Value!)).Prepend(node),
        JsonArray array => array.SelectMany(item => Nodes(item!)).Prepend(node),
        _ => [node],
    };

    private static bool IsSignature(JsonNode node) => node.GetPath().StartsWith("$.signatures", StringComparison.Ordinal);

    private static JsonNode Changed(JsonValue value)
    {
        if (value.TryGetValue(out long number))
        {
            return number + 1;
        }

        // The middle of the text, from one plausible digit to another: digests, dates, base64 and names stay well-formed if they can.
        char[] text = value.GetValue<string>().ToCharArray();
        int middle = text.Length / 2;
        text[middle] = text[middle] == '1' ? '2' : '1';
        return new string(text);
    }
}
