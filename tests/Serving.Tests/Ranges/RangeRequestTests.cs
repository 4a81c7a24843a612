using PhaseMesh.Serving.Ranges;

namespace PhaseMesh.Serving.Tests.Ranges;

public sealed class RangeRequestTests
{
    [Fact]
    public void Read_WhateverIsAsked_LiesWithinAndDoesNotOverlap()
    {
        Random random = new(20261121);
        for (int run = 0; run < 20_000; run++)
        {
            long size = random.NextInt64(1, 200);
            string field = "bytes=" + string.Join(',', Enumerable.Range(0, random.Next(1, 20)).Select(_ => random.Next(3) switch
            {
                0 => $"{random.Next(250)}-",
                1 => $"-{random.Next(250)}",
                _ => $"{random.Next(250)}-{random.Next(250)}",
            }));
            RangeRequest asked = RangeRequest.Read(field, size);
            Assert.True(asked.IsSatisfiable || asked.Ranges.Count == 0);
            Assert.True(asked.Ranges.Count <= RangeRequest.MaxRanges);
            bool[] taken = new bool[size];
            foreach (ByteRange range in asked.Ranges)
            {
                Assert.InRange(range.LengthBytes, 1, size - range.Offset);
                for (long position = range.Offset; position < range.Offset + range.LengthBytes; position++)
                {
                    Assert.False(taken[position], $"{field} of {size}");
                    taken[position] = true;
                }
            }
        }
    }
}
