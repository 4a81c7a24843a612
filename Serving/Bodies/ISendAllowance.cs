namespace PhaseMesh.Serving.Bodies;

/// <summary>
/// A request feature by which a host limits the pace of a body and sees how fast its client draws. Absent: as fast as the client takes it.
/// </summary>
public interface ISendAllowance
{
    /// <summary>Waits for the turn of this body.</summary>
    /// <param name="wantedBytes">At least 1.</param>
    /// <param name="cancellationToken">The client went away.</param>
    /// <returns>How many bytes may be sent now: 1 to <paramref name="wantedBytes"/>.</returns>
    ValueTask<int> TakeAsync(int wantedBytes, CancellationToken cancellationToken);

    /// <summary>The client is about to be sent what was taken.</summary>
    void Sending();

    /// <summary>Its connection has taken that.</summary>
    void Sent();
}
