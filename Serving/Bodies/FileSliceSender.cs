using System.Net.Sockets;
using System.Threading.Tasks.Sources;

namespace PhaseMesh.Serving.Bodies;

/// <summary>
/// Awaitable <see cref="Socket.SendPacketsAsync(SocketAsyncEventArgs)"/> of one file slice, which on Linux is sendfile(2). One send at a
/// time.
/// </summary>
internal sealed class FileSliceSender : SocketAsyncEventArgs, IValueTaskSource<int>
{
    private ManualResetValueTaskSourceCore<int> _completion = new() { RunContinuationsAsynchronously = false };

    public FileSliceSender()
        : base(true /* The server flows no execution context of its own through sends. */)
    {
    }

    /// <returns>The bytes sent, fewer than asked for when the file ends early.</returns>
    /// <exception cref="SocketException">The connection failed, or the file is shorter than offset and count.</exception>
    public ValueTask<int> SendAsync(Socket socket, FileStream file, long offsetBytes, int countBytes)
    {
        _completion.Reset();
        SendPacketsElements = [new SendPacketsElement(file, offsetBytes, countBytes)];
        if (!socket.SendPacketsAsync(this))
        {
            OnCompleted(this);
        }

        return new ValueTask<int>(this, _completion.Version);
    }

    protected override void OnCompleted(SocketAsyncEventArgs e)
    {
        if (SocketError == SocketError.Success)
        {
            _completion.SetResult(BytesTransferred);
        }
        else
        {
            _completion.SetException(new SocketException((int)SocketError));
        }
    }

    int IValueTaskSource<int>.GetResult(short token)
    {
        // The element holds the file; an idle connection must not.
        SendPacketsElements = null;
        return _completion.GetResult(token);
    }

    ValueTaskSourceStatus IValueTaskSource<int>.GetStatus(short token) => _completion.GetStatus(token);

    void IValueTaskSource<int>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _completion.OnCompleted(continuation, state, token, flags);
}
