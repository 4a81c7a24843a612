using System.Net;
using System.Text;
using PhaseMesh.Silo.Serving;

namespace PhaseMesh.Silo.Tests.Serving;

public sealed class RangeTests
{
    public static TheoryData<BodyTransport> Transports => ServingScene.Transports;

    [Theory]
    [InlineData("bytes=0-0", 0, 1)]
    [InlineData("bytes=100-", 100, 299_901)]
    [InlineData("bytes=-7", 299_994, 7)]
    [InlineData("bytes=-400000", 0, 300_001)]
    [InlineData("bytes=300000-999999", 300_000, 1)]
    [InlineData("BYTES=5-6", 5, 2)]
    [InlineData("bytes=5-6,400000-", 5, 2)]
    public async Task Get_OneRange_AnswersThatPart(string range, int offset, int length)
    {
        await using ServingScene scene = await ServingScene.ServingAsync(BodyTransport.Best);
        using HttpResponseMessage response = await scene.SendAsync(HttpMethod.Get, "/initramfs", ("Range", range));
        Assert.Equal(HttpStatusCode.PartialContent, response.StatusCode);
        Assert.Equal($"bytes {offset}-{offset + length - 1}/300001", response.Content.Headers.ContentRange!.ToString());
        byte[] body = await response.Content.ReadAsByteArrayAsync();
        Assert.True(scene.Read("initramfs").AsSpan(offset, length).SequenceEqual(body));
    }

    [Theory]
    [InlineData("bytes=300001-")]
    [InlineData("bytes=-0")]
    [InlineData("bytes=999999-1000000,400000-400001")]
    public async Task Get_RangePastTheEnd_Answers416WithTheSize(string range)
    {
        await using ServingScene scene = await ServingScene.ServingAsync(BodyTransport.Best);
        using HttpResponseMessage response = await scene.SendAsync(HttpMethod.Get, "/initramfs", ("Range", range));
        Assert.Equal(HttpStatusCode.RequestedRangeNotSatisfiable, response.StatusCode);
        Assert.Equal("bytes */300001", response.Content.Headers.ContentRange!.ToString());
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.ToString());
    }

    [Theory]
    [InlineData("bytes=9-5")]
    [InlineData("bytes=a-b")]
    [InlineData("lines=1-2")]
    [InlineData("bytes=0-99,50-149")]
    [InlineData("bytes=0-0,2-2,4-4,6-6,8-8,10-10,12-12,14-14,16-16,18-18,20-20,22-22,24-24,26-26,28-28,30-30,32-32")]
    public async Task Get_RangesThatAreWrongOrAbusive_AnswersTheWholeBody(string range)
    {
        await using ServingScene scene = await ServingScene.ServingAsync(BodyTransport.Best);
        using HttpResponseMessage response = await scene.SendAsync(HttpMethod.Get, "/initramfs", ("Range", range));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(300_001, (await response.Content.ReadAsByteArrayAsync()).Length);
    }

    [Theory]
    [MemberData(nameof(Transports))]
    public async Task Get_SeveralRanges_AnswersMultipartInTheOrderAsked(BodyTransport transport)
    {
        await using ServingScene scene = await ServingScene.ServingAsync(transport);
        byte[] whole = scene.Read("rootfs");
        (int Offset, int Length)[] parts = [(4_000_000, 1_000_000), (0, 1), (100, 200_000), (whole.Length - 10, 10)];
        string range = "bytes=" + string.Join(", ", parts.Select(part => $"{part.Offset}-{part.Offset + part.Length - 1}"));

        using HttpResponseMessage response = await scene.SendAsync(HttpMethod.Get, "/rootfs", ("Range", range));
        Assert.Equal(HttpStatusCode.PartialContent, response.StatusCode);
        Assert.Equal("multipart/byteranges", response.Content.Headers.ContentType!.MediaType);
        string boundary = response.Content.Headers.ContentType.Parameters.Single().Value!;
        using MemoryStream expected = new();
        foreach ((int offset, int length) in parts)
        {
            string separator = expected.Length == 0 ? "" : "\r\n";
            expected.Write(Encoding.ASCII.GetBytes(
                $"{separator}--{boundary}\r\nContent-Type: application/octet-stream\r\nContent-Range: bytes {offset}-{offset + length - 1}/{whole.Length}\r\n\r\n"));
            expected.Write(whole, offset, length);
        }

        expected.Write(Encoding.ASCII.GetBytes($"\r\n--{boundary}--\r\n"));
        byte[] body = await response.Content.ReadAsByteArrayAsync();
        Assert.True(expected.ToArray().AsSpan().SequenceEqual(body));
    }

    [Theory]
    [InlineData("\"sha256:0000000000000000000000000000000000000000000000000000000000000000\"", 200)]
    [InlineData("W/{etag}", 200)]
    [InlineData("{etag}", 206)]
    [InlineData("{date}", 206)]
    [InlineData("Mon, 01 Jan 2024 00:00:00 GMT", 200)]
    [InlineData("nonsense", 200)]
    public async Task Get_IfRange_DecidesBetweenPartAndWhole(string condition, int expected)
    {
        await using ServingScene scene = await ServingScene.ServingAsync(BodyTransport.Best);
        using HttpResponseMessage first = await scene.SendAsync(HttpMethod.Head, "/kernel");
        string value = condition.Replace("{etag}", first.Headers.ETag!.ToString(), StringComparison.Ordinal)
            .Replace("{date}", first.Content.Headers.LastModified!.Value.ToString("R"), StringComparison.Ordinal);
        using HttpResponseMessage response = await scene.SendAsync(HttpMethod.Get, "/kernel", ("Range", "bytes=10-19"), ("If-Range", value));
        Assert.Equal(expected, (int)response.StatusCode);
    }

    [Theory]
    [InlineData("If-None-Match", "{etag}", 304)]
    [InlineData("If-None-Match", "\"x\", W/{etag}", 304)]
    [InlineData("If-None-Match", "*", 304)]
    [InlineData("If-None-Match", "\"x\"", 200)]
    [InlineData("If-Match", "{etag}", 200)]
    [InlineData("If-Match", "\"x\"", 412)]
    [InlineData("If-Match", "W/{etag}", 412)]
    [InlineData("If-Modified-Since", "{date}", 304)]
    [InlineData("If-Modified-Since", "Mon, 01 Jan 2024 00:00:00 GMT", 200)]
    [InlineData("If-Unmodified-Since", "{date}", 200)]
    [InlineData("If-Unmodified-Since", "Mon, 01 Jan 2024 00:00:00 GMT", 412)]
    public async Task Get_Conditions_FollowRfc9110(string name, string condition, int expected)
    {
        await using ServingScene scene = await ServingScene.ServingAsync(BodyTransport.Best);
        using HttpResponseMessage first = await scene.SendAsync(HttpMethod.Head, "/kernel");
        string value = condition.Replace("{etag}", first.Headers.ETag!.ToString(), StringComparison.Ordinal)
            .Replace("{date}", first.Content.Headers.LastModified!.Value.ToString("R"), StringComparison.Ordinal);
        using HttpResponseMessage response = await scene.SendAsync(HttpMethod.Get, "/kernel", (name, value));
        Assert.Equal(expected, (int)response.StatusCode);
    }
}
