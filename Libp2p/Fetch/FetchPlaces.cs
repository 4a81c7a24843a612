using PhaseMesh.Libp2p.Multiformats;

namespace PhaseMesh.Libp2p.Fetch;

/// <summary>Counts the streams being served, in total and by peer.</summary>
internal sealed class FetchPlaces(int maxTotal, int maxPerPeer)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<PeerId, int> _byPeer = [];
    private int _total;

    public int Taken
    {
        get
        {
            lock (_gate)
            {
                return _total;
            }
        }
    }

    public bool TryTake(PeerId peer)
    {
        lock (_gate)
        {
            int ofPeer = _byPeer.GetValueOrDefault(peer);
            if (_total >= maxTotal || ofPeer >= maxPerPeer)
            {
                return false;
            }
            _total++;
            _byPeer[peer] = ofPeer + 1;
            return true;
        }
    }

    public void Return(PeerId peer)
    {
        lock (_gate)
        {
            _total--;
            if (--_byPeer[peer] == 0)
            {
                _byPeer.Remove(peer);
            }
        }
    }
}
