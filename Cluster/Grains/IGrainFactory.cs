namespace PhaseMesh.Cluster;

/// <summary>Gives references to grains. A reference is cheap, holds no state and never fails to be made for a valid key.</summary>
public interface IGrainFactory
{
    /// <summary>A reference to the grain with this key; the grain need not exist yet.</summary>
    /// <exception cref="ArgumentException">The key breaks the rules of <see cref="IGrainWithStringKey"/>, or no grain class implements the
    /// interface.</exception>
    TGrainInterface GetGrain<TGrainInterface>(string primaryKey)
        where TGrainInterface : IGrainWithStringKey;

    /// <summary>A reference to a local object that grains of this process may call back.</summary>
    TGrainObserverInterface CreateObjectReference<TGrainObserverInterface>(IGrainObserver observer)
        where TGrainObserverInterface : IGrainObserver;

    /// <summary>Forgets such a reference; calling it then fails.</summary>
    void DeleteObjectReference<TGrainObserverInterface>(IGrainObserver observer)
        where TGrainObserverInterface : IGrainObserver;
}
