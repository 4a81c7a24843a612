namespace PhaseMesh.Gateway.Routing;

/// <summary>Keeps a few of all that it is offered, each with the same chance.</summary>
internal ref struct Reservoir(Span<int> slots)
{
    private readonly Span<int> _slots = slots;
    private int _offered;

    public readonly ReadOnlySpan<int> Kept => _slots[..Math.Min(_offered, _slots.Length)];

    public void Offer(int item, RouteRandom random)
    {
        if (_offered < _slots.Length)
        {
            _slots[_offered] = item;
        }
        else
        {
            int slot = random.Below(_offered + 1);
            if (slot < _slots.Length)
            {
                _slots[slot] = item;
            }
        }

        _offered++;
    }
}
