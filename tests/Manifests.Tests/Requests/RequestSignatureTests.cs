using System.Text;
using PhaseMesh.Manifests.Requests;
using PhaseMesh.Manifests.Signing;

namespace PhaseMesh.Manifests.Tests.Requests;

public class RequestSignatureTests
{
    private const string Method = "POST";
    private const string Path = "/v1/boots?dry=%20";
    private static readonly DateTimeOffset Now = TestManifests.Created;
    private static readonly byte[] Body = "{\"boot_id\":\"1\"}"u8.ToArray();

    [Fact]
    public void Verify_SignedRequest_NamesItsSigner()
    {
        using Ed25519PrivateKey key = TestManifests.Key(1);

        RequestVerdict verdict = Verify(Signed(key), Now.AddMinutes(4));

        Assert.True(verdict.IsGood, verdict.Message);
        Assert.Equal(key.PublicKey, verdict.Signer);
        Assert.Equal(Now, verdict.Time);
        Assert.Equal(RequestSignature.NonceLength, verdict.Nonce.Length);
    }

    [Fact]
    public void Sign_Twice_NeverUsesANonceAgain()
    {
        using Ed25519PrivateKey key = TestManifests.Key(1);

        Assert.NotEqual(Signed(key)[RequestSignature.NonceHeader], Signed(key)[RequestSignature.NonceHeader]);
    }

    [Theory]
    [InlineData(5.1)]
    [InlineData(-5.1)]
    public void Verify_ClocksApart_IsSkewed(double minutes)
    {
        using Ed25519PrivateKey key = TestManifests.Key(1);

        Assert.Equal(RequestRefusal.Skewed, Verify(Signed(key), Now.AddMinutes(minutes)).Refusal);
    }

    [Theory]
    [InlineData("PUT", Path, "{\"boot_id\":\"1\"}")]
    [InlineData(Method, "/v1/boots?dry= ", "{\"boot_id\":\"1\"}")]
    [InlineData(Method, Path, "{\"boot_id\":\"2\"}")]
    [InlineData(Method, Path, "")]
    public void Verify_AnythingChanged_IsBadSignature(string method, string path, string body)
    {
        using Ed25519PrivateKey key = TestManifests.Key(1);
        Dictionary<string, string> headers = Signed(key);

        RequestVerdict verdict = RequestSignature.Verify(method, path, Encoding.UTF8.GetBytes(body), headers.GetValueOrDefault, Now);

        Assert.Equal(RequestRefusal.BadSignature, verdict.Refusal);
        Assert.Equal(default, verdict.Signer);
    }

    [Fact]
    public void Verify_KeyOfAnother_IsBadSignature()
    {
        using Ed25519PrivateKey key = TestManifests.Key(1);
        using Ed25519PrivateKey other = TestManifests.Key(2);
        Dictionary<string, string> headers = Signed(key);
        headers[RequestSignature.KeyHeader] = other.PublicKey.KeyId;

        Assert.Equal(RequestRefusal.BadSignature, Verify(headers, Now).Refusal);
    }

    [Theory]
    [InlineData(RequestSignature.TimeHeader, "2026-11-21T10:00:01Z", RequestRefusal.BadSignature)]
    [InlineData(RequestSignature.NonceHeader, "00000000000000000000000000000000", RequestRefusal.BadSignature)]
    [InlineData(RequestSignature.TimeHeader, "yesterday", RequestRefusal.Malformed)]
    [InlineData(RequestSignature.NonceHeader, "0", RequestRefusal.Malformed)]
    [InlineData(RequestSignature.NonceHeader, "A0000000000000000000000000000000", RequestRefusal.Malformed)]
    [InlineData(RequestSignature.KeyHeader, "ed25519:00", RequestRefusal.Malformed)]
    [InlineData(RequestSignature.KeyHeader, "ed25519:0100000000000000000000000000000000000000000000000000000000000000", RequestRefusal.Malformed)]
    [InlineData(RequestSignature.SignatureHeader, "%%%", RequestRefusal.Malformed)]
    [InlineData(RequestSignature.SignatureHeader, "AAAA", RequestRefusal.Malformed)]
    [InlineData(RequestSignature.SignatureHeader, null, RequestRefusal.NotSigned)]
    [InlineData(RequestSignature.NonceHeader, null, RequestRefusal.NotSigned)]
    public void Verify_HeaderChanged_IsRefusedForIt(string header, string? value, RequestRefusal refusal)
    {
        using Ed25519PrivateKey key = TestManifests.Key(1);
        Dictionary<string, string> headers = Signed(key);
        if (value is null)
        {
            headers.Remove(header);
        }
        else
        {
            headers[header] = value;
        }

        RequestVerdict verdict = Verify(headers, Now);

        Assert.Equal(refusal, verdict.Refusal);
        Assert.NotEmpty(verdict.Message);
    }

    private static Dictionary<string, string> Signed(Ed25519PrivateKey key) => new(RequestSignature.Sign(Method, Path, Body, key, Now));

    private static RequestVerdict Verify(Dictionary<string, string> headers, DateTimeOffset now) =>
        RequestSignature.Verify(Method, Path, Body, headers.GetValueOrDefault, now);
}
