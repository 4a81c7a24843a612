namespace PhaseMesh.Serving.Bodies;

/// <summary>
/// A connection that can send part of a file without copying it through user space. Present as a connection feature where the system
/// can; where it is absent the body is read and written.
/// </summary>
public interface IFileSliceSink
{
    SlicePacer Pacer { get; }

    /// <summary>
    /// The next <paramref name="countBytes"/> written to the response body are those of <paramref name="file"/> at
    /// <paramref name="offsetBytes"/>. The caller then asks the body writer for memory of that size, advances over it without touching it
    /// and flushes; so the server keeps its account of Content-Length, time-outs and keep-alive. Never for chunked responses.
    /// </summary>
    /// <param name="file">Opened for asynchronous use; stays open until the flush is over.</param>
    /// <param name="offsetBytes">Where in the file.</param>
    /// <param name="countBytes">1 to <see cref="SlicePacer.LargestBytes"/>.</param>
    void BeginSlice(FileStream file, long offsetBytes, int countBytes);
}
