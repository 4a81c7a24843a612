using PhaseMesh.BootAgent.Tests.Support;
using PhaseMesh.BootAgent.Tracing;
using PhaseMesh.Manifests.Traces;

namespace PhaseMesh.BootAgent.Tests.Tracing;

public class SpanQueueTests
{
    private readonly BootTrace _trace = new("00112233445566778899aabbccddeeff", new ManualTimeProvider());
    private readonly SpanQueue _queue = new();

    [Fact]
    public void Add_FleetIsSilent_KeepsTheNewestAndCountsTheOthers()
    {
        BootSpan[] spans = [.. Enumerable.Range(0, 1000).Select(_ => Ended())];

        Assert.Equal(spans[^SpanQueue.MaxPending..], _queue.Pending.Select(each => each.Span));
        Assert.Equal(1000 - SpanQueue.MaxPending, _queue.Dropped);
    }

    [Fact]
    public void Add_LargeSpans_FitOneRequest()
    {
        for (int i = 0; i < 100; i++)
        {
            BootSpan span = _trace.Begin("fetch rootfs");
            for (int e = 0; e < TraceLimits.MaxEvents; e++)
            {
                span.Note("provider.failed", ArtifactTrace.Reason(new string('"', 1000)));
            }

            _queue.Add(span);
        }

        TraceSpan[] spans = [.. _queue.Pending.Select(each => each.Span.Take(default))];
        byte[] body = TraceWriter.Write(_trace.Id, [new TraceSpans(new TraceSource("a", "b", "c"), spans)]);
        Assert.InRange(body.Length, SpanQueue.MaxPendingBytes / 2, SpanQueue.MaxPendingBytes + 1024);
        Assert.InRange(_queue.Dropped, 90, 99);
    }

    [Fact]
    public void HasDue_ABootThatFailsForADay_SendsItsBeginningAndItsEnd()
    {
        int sent = 0;
        for (int i = 0; i < 2000; i++)
        {
            Ended();
            if (_queue.HasDue(isLast: false))
            {
                sent += _queue.Pending.Count;
                _queue.Remove(_queue.Pending);
            }
        }

        Assert.Equal(SpanQueue.MaxLive, sent);
        Assert.True(_queue.HasDue(isLast: true));
        Assert.Equal(SpanQueue.MaxPending, _queue.Pending.Count);
        Assert.Equal(2000 - SpanQueue.MaxLive - SpanQueue.MaxPending, _queue.Dropped);
    }

    [Fact]
    public void Add_TheSameAgain_IsThereOnce()
    {
        BootSpan span = Ended();
        IReadOnlyList<PendingSpan> underWay = _queue.Pending;
        span.Fail("after all");
        _queue.Add(span);
        _queue.Remove(underWay); // What was sent is not what is there now.

        Assert.Equal("after all", Assert.Single(_queue.Pending).Span.Take(default).Error);
    }

    [Fact]
    public void Close_TheFleetTakesNone_KeepsNothing()
    {
        Ended();
        _queue.Close();
        Ended();

        Assert.Empty(_queue.Pending);
        Assert.True(_queue.IsClosed);
    }

    private BootSpan Ended()
    {
        BootSpan span = _trace.Begin("manifest");
        span.End();
        _queue.Add(span);
        return span;
    }
}
