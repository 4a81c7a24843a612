using System.Numerics;
using System.Security.Cryptography;
using PhaseMesh.Manifests.Signing;

namespace PhaseMesh.Manifests.Tests.Signing;

/// <summary>Keys and signatures that satisfy a lenient implementation's equation and must be refused all the same.</summary>
public class Ed25519WeakValuesTests
{
    private static readonly BigInteger GroupOrder = BigInteger.Pow(2, 252) + BigInteger.Parse("27742317777372353535851937790883648493");
    private static readonly byte[] Message = "boot me"u8.ToArray();

    /// <summary>The eight points of small order in their canonical encodings.</summary>
    public static TheoryData<string> SmallOrderPoints => new(
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa");

    /// <summary>Their other encodings: minus zero as x, and y plus p.</summary>
    public static TheoryData<string> NonCanonicalSmallOrderPoints => new(
        "0100000000000000000000000000000000000000000000000000000000000080",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff");

    [Theory]
    [MemberData(nameof(SmallOrderPoints))]
    [MemberData(nameof(NonCanonicalSmallOrderPoints))]
    public void PublicKey_OfSmallOrder_IsNoKey(string point)
    {
        Assert.False(Ed25519PublicKey.TryCreate(Convert.FromHexString(point), out _));
        Assert.False(Ed25519PublicKey.TryParse($"ed25519:{point}", out _));
        Assert.False(Ed25519PublicKey.TryParse($"ed25519:{Convert.ToBase64String(Convert.FromHexString(point))}", out _));
    }

    [Fact]
    public void PublicKey_NonCanonicalY_IsNoKey()
    {
        byte[] point = Convert.FromHexString("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f");
        for (int low = 0xed; low <= 0xff; low++)
        {
            point[0] = (byte)low;
            point[31] = 0x7f;
            Assert.False(Ed25519PublicKey.TryCreate(point, out _), $"p + {low - 0xed}");
            point[31] = 0xff;
            Assert.False(Ed25519PublicKey.TryCreate(point, out _), $"p + {low - 0xed}, x negative");
        }
    }

    [Theory]
    [MemberData(nameof(SmallOrderPoints))]
    [MemberData(nameof(NonCanonicalSmallOrderPoints))]
    public void Verify_SmallOrderRThatSatisfiesTheEquation_IsRefused(string point)
    {
        // S = h * a makes S*B = h*A; adding an R of small order is what a verifier that multiplies by the cofactor doesn't notice,
        // and with R the neutral element no verifier could tell by the equation.
        byte[] seed = Enumerable.Repeat((byte)7, 32).ToArray();
        using Ed25519PrivateKey key = Ed25519PrivateKey.FromSeed(seed);
        byte[] r = Convert.FromHexString(point);
        byte[] publicKey = new byte[32];
        key.PublicKey.CopyTo(publicKey);
        BigInteger hash = Number(SHA512.HashData([.. r, .. publicKey, .. Message])) % GroupOrder;
        BigInteger s = hash * SecretScalar(seed) % GroupOrder;

        Assert.False(key.PublicKey.Verify(Message, [.. r, .. Bytes(s)]));
    }

    [Fact]
    public void Verify_SPlusGroupOrder_IsRefused()
    {
        using Ed25519PrivateKey key = TestManifests.Key(7);
        byte[] signature = key.Sign(Message);
        Assert.True(key.PublicKey.Verify(Message, signature));

        BigInteger s = Number(signature.AsSpan(32));
        for (BigInteger malleated = s + GroupOrder; malleated < BigInteger.Pow(2, 256); malleated += GroupOrder)
        {
            Assert.False(key.PublicKey.Verify(Message, [.. signature[..32], .. Bytes(malleated)]));
        }
    }

    [Fact]
    public void IsCanonicalScalar_AtTheGroupOrder_ChangesItsMind()
    {
        Assert.True(Ed25519Encoding.IsCanonicalScalar(Bytes(BigInteger.Zero)));
        Assert.True(Ed25519Encoding.IsCanonicalScalar(Bytes(GroupOrder - 1)));
        Assert.False(Ed25519Encoding.IsCanonicalScalar(Bytes(GroupOrder)));
        Assert.False(Ed25519Encoding.IsCanonicalScalar(Bytes(GroupOrder + 1)));
        Assert.False(Ed25519Encoding.IsCanonicalScalar(Bytes(BigInteger.Pow(2, 256) - 1)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(63)]
    [InlineData(65)]
    public void Verify_WrongSignatureLength_IsRefused(int lengthBytes)
    {
        using Ed25519PrivateKey key = TestManifests.Key(7);
        byte[] signature = key.Sign(Message);
        Array.Resize(ref signature, lengthBytes);
        Assert.False(key.PublicKey.Verify(Message, signature));
    }

    [Fact]
    public void Verify_DefaultKey_IsRefused() => Assert.False(default(Ed25519PublicKey).Verify(Message, new byte[64]));

    /// <summary>RFC 8032 section 5.1.5, steps 1 to 3.</summary>
    private static BigInteger SecretScalar(byte[] seed)
    {
        byte[] scalar = SHA512.HashData(seed)[..32];
        scalar[0] &= 0xf8;
        scalar[31] = (byte)((scalar[31] & 0x7f) | 0x40);
        return Number(scalar);
    }

    private static BigInteger Number(ReadOnlySpan<byte> littleEndian) => new(littleEndian, isUnsigned: true);

    private static byte[] Bytes(BigInteger number)
    {
        byte[] bytes = number.ToByteArray(isUnsigned: true);
        Array.Resize(ref bytes, 32);
        return bytes;
    }
}
