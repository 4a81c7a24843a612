namespace PhaseMesh.Cluster;

/// <summary>What a call can be addressed to: a reference to a grain, or a grain itself.</summary>
public interface IAddressable;

/// <summary>The root of grain interfaces.</summary>
public interface IGrain : IAddressable;

/// <summary>
/// The root of every grain interface here: a grain is named by its interface and a string. The key is 1 to <see cref="MaxKeyLength"/>
/// characters without control characters.
/// </summary>
public interface IGrainWithStringKey : IGrain
{
    /// <summary>Longest key, in UTF-16 code units.</summary>
    const int MaxKeyLength = 512;
}

/// <summary>The root of interfaces of objects that a grain calls back, in this process. Across silos use the event feed.</summary>
public interface IGrainObserver : IAddressable;
