using FsCheck;
using FsCheck.Fluent;
using PhaseMesh.Libp2p.Multiformats;

namespace PhaseMesh.Libp2p.Tests.Multiformats;

public sealed class VarintTests
{
    [Theory]
    [InlineData(0UL, "00")]
    [InlineData(127UL, "7f")]
    [InlineData(128UL, "8001")]
    [InlineData(300UL, "ac02")]
    [InlineData(16384UL, "808001")]
    [InlineData((ulong)long.MaxValue, "ffffffffffffffff7f")]
    public void Write_KnownValues_GiveTheSpecBytes(ulong value, string hex)
    {
        byte[] buffer = new byte[Varint.MaxBytes];
        Assert.Equal(hex, Convert.ToHexStringLower(buffer.AsSpan(0, Varint.Write(buffer, value))));
    }

    [Theory]
    [InlineData("")]
    [InlineData("80")]
    [InlineData("8000")]
    [InlineData("ffffffffffffffffff01")]
    public void TryRead_CutLongOrTooLarge_IsRefused(string hex) =>
        Assert.False(Varint.TryRead(Convert.FromHexString(hex), out _, out _));

    [Fact]
    public void ReadAfterWrite_GivesTheValueBack() => Prop.ForAll(
        ArbMap.Default.ArbFor<ulong>(),
        static any =>
        {
            ulong value = any & long.MaxValue;
            byte[] buffer = new byte[Varint.MaxBytes];
            int written = Varint.Write(buffer, value);
            return Varint.TryRead(buffer, out ulong read, out int length) && read == value && length == written
                && written == Varint.SizeOf(value);
        }).QuickCheckThrowOnFailure();
}
