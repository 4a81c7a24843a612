using PhaseMesh.Gateway.Chunks;

namespace PhaseMesh.Gateway.Tests.Chunks;

public sealed class SieveQueueTests
{
    [Fact]
    public void Evict_TakesTheOldestThatNobodyAskedForAgain()
    {
        SieveQueue<int> queue = new();
        SieveQueue<int>.Entry[] entries = [.. Enumerable.Range(0, 5).Select(queue.Add)];
        entries[0].IsVisited = true;
        entries[2].IsVisited = true;

        Assert.Equal([1, 3, 4, 0, 2], Evict(queue, 5));
        Assert.Equal(0, queue.Count);
    }

    [Fact]
    public void Evict_LeavesWhatMayNotGo()
    {
        SieveQueue<int> queue = new();
        for (int value = 0; value < 4; value++)
        {
            queue.Add(value).IsVisited = true;
        }

        Assert.True(queue.TryEvict(value => value == 3, out int evicted));
        Assert.Equal(3, evicted);
        Assert.False(queue.TryEvict(_ => false, out _));
        Assert.Equal(3, queue.Count);
    }

    [Fact]
    public void Evict_AfterAnyMixOfOperations_HoldsExactlyWhatIsInIt()
    {
        Random random = new(20261121);
        SieveQueue<int> queue = new();
        Dictionary<int, SieveQueue<int>.Entry> model = [];
        for (int step = 0; step < 20_000; step++)
        {
            switch (random.Next(4))
            {
                case 0:
                    model.Add(step, queue.Add(step));
                    break;
                case 1 when model.Count > 0:
                    model.ElementAt(random.Next(model.Count)).Value.IsVisited = true;
                    break;
                case 2 when model.Count > 0:
                    KeyValuePair<int, SieveQueue<int>.Entry> gone = model.ElementAt(random.Next(model.Count));
                    queue.Remove(gone.Value);
                    model.Remove(gone.Key);
                    break;
                default:
                    bool isOdd = random.Next(2) == 1;
                    bool found = queue.TryEvict(value => value % 2 == (isOdd ? 1 : 0), out int evicted);
                    Assert.Equal(model.Keys.Any(value => value % 2 == (isOdd ? 1 : 0)), found);
                    Assert.True(!found || model.Remove(evicted));
                    break;
            }

            Assert.Equal(model.Count, queue.Count);
        }
    }

    private static IEnumerable<int> Evict(SieveQueue<int> queue, int count)
    {
        for (; count > 0; count--)
        {
            Assert.True(queue.TryEvict(_ => true, out int value));
            yield return value;
        }
    }
}
