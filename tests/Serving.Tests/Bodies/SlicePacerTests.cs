using PhaseMesh.Serving.Bodies;

namespace PhaseMesh.Serving.Tests.Bodies;

public sealed class SlicePacerTests
{
    private static readonly TimeSpan Fast = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan Slow = TimeSpan.FromSeconds(3);

    [Fact]
    public void FastClient_ReachesTheLargestSliceAfter64MiB()
    {
        SlicePacer pacer = new();
        long sent = 0;
        while (pacer.NextBytes < SlicePacer.LargestBytes)
        {
            int size = pacer.NextBytes;
            Assert.True(size == SlicePacer.SmallestBytes || sent >= 8L * size, $"Slices of {size} bytes after only {sent}.");
            sent += size;
            pacer.Sent(size, Fast);
        }

        Assert.InRange(sent, 1 << 20, 64 << 20);
        pacer.Sent(pacer.NextBytes, Fast);
        Assert.Equal(SlicePacer.LargestBytes, pacer.NextBytes);
    }

    [Fact]
    public void ClientThatSlowsDown_GetsSmallerSlicesDownToTheSmallest()
    {
        SlicePacer pacer = new();
        for (int slice = 0; slice < 1000; slice++)
        {
            pacer.Sent(pacer.NextBytes, Fast);
        }

        for (int slice = 0; slice < 10; slice++)
        {
            int before = pacer.NextBytes;
            pacer.Sent(before, Slow);
            Assert.Equal(Math.Max(SlicePacer.SmallestBytes, before / 2), pacer.NextBytes);
        }

        Assert.Equal(SlicePacer.SmallestBytes, pacer.NextBytes);
    }
}
