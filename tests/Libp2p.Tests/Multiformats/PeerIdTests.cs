using System.Numerics;
using FsCheck;
using FsCheck.Fluent;
using PhaseMesh.Libp2p.Crypto;
using PhaseMesh.Libp2p.Multiformats;

namespace PhaseMesh.Libp2p.Tests.Multiformats;

public sealed class PeerIdTests
{
    private const string VectorId = "12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5";

    [Fact]
    public void PeerId_OfTheVectorSeed_IsTheOneJsLibp2pPrints()
    {
        using IdentityKey key = IdentityKey.FromSeed(Enumerable.Repeat((byte)1, 32).ToArray());
        Assert.StartsWith("8a88e3dd", Convert.ToHexStringLower(key.PublicKey.Bytes.Span), StringComparison.Ordinal);
        Assert.Equal(VectorId, key.PeerId.ToString());
        Assert.Equal(key.PeerId, PeerId.Parse(VectorId));
        Assert.True(IdentityPublicKey.TryFromPeerId(key.PeerId, out IdentityPublicKey? inlined));
        Assert.Equal(key.PublicKey, inlined);
    }

    [Fact]
    public void Parse_HashedKey_RoundTrips()
    {
        const string Bootstrap = "QmNnooDu7bfjPFoTZYxMNLWUQJyrVwtbZg5gBMjTezGAJN";
        Assert.Equal(Bootstrap, PeerId.Parse(Bootstrap).ToString());
        Assert.True(PeerId.Parse(Bootstrap).InlinedPublicKey.IsEmpty);
    }

    [Theory]
    [InlineData("")]
    [InlineData("0OIl")]
    [InlineData("12D3KooW")]
    [InlineData("1111111111111111111111111111")]
    public void TryParse_NoPeer_IsRefused(string text) => Assert.False(PeerId.TryParse(text, out _));

    [Fact]
    public void TryParse_VeryLongText_IsRefusedQuickly() => Assert.False(PeerId.TryParse(new string('z', 1 << 20), out _));

    [Fact]
    public void KeyProtobuf_RoundTripsAndSigns()
    {
        using IdentityKey key = IdentityKey.Generate();
        Assert.True(IdentityKey.TryRead(key.ToProtobuf(), out IdentityKey? again));
        using (again)
        {
            byte[] signature = again.Sign("hello"u8);
            Assert.True(key.PublicKey.Verify("hello"u8, signature));
            Assert.False(key.PublicKey.Verify("hellO"u8, signature));
            signature[3] ^= 1;
            Assert.False(key.PublicKey.Verify("hello"u8, signature));
        }
    }

    [Fact]
    public void KeyProtobuf_OtherTypeOrLongForm_IsRefused()
    {
        using IdentityKey key = IdentityKey.Generate();
        byte[] rsa = key.PublicKey.Protobuf.ToArray();
        rsa[1] = 0;
        Assert.False(IdentityPublicKey.TryRead(rsa, out _));
        byte[] padded = [.. key.PublicKey.Protobuf.Span, 0x18, 0x00];
        Assert.False(IdentityPublicKey.TryRead(padded, out _));
        byte[] secret = key.ToProtobuf();
        secret[^1] ^= 1;
        Assert.False(IdentityKey.TryRead(secret, out _));
    }

    [Fact]
    public void Base58_AgreesWithBigIntegers() => Prop.ForAll(
        ArbMap.Default.ArbFor<byte[]>(),
        static bytes =>
        {
            byte[] input = bytes.Length > Base58.MaxBytes ? bytes[..Base58.MaxBytes] : bytes;
            string text = Base58.Encode(input);
            return text == SlowBase58(input) && Base58.TryDecode(text, out byte[] decoded) && decoded.AsSpan().SequenceEqual(input);
        }).QuickCheckThrowOnFailure();

    private static string SlowBase58(byte[] bytes)
    {
        const string Alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
        BigInteger value = new(bytes, isUnsigned: true, isBigEndian: true);
        string text = "";
        for (; value > 0; value /= 58)
        {
            text = Alphabet[(int)(value % 58)] + text;
        }
        return new string('1', bytes.TakeWhile(static value => value == 0).Count()) + text;
    }
}
