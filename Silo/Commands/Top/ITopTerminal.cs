using System.Threading.Channels;

namespace PhaseMesh.Silo.Commands.Top;

/// <summary>What <c>top</c> is drawn on and driven by.</summary>
internal interface ITopTerminal : IDisposable
{
    TerminalSize Size { get; }

    /// <summary>Keys as they are pressed; null: the terminal has changed, and the frame must be drawn whole.</summary>
    ChannelReader<ConsoleKeyInfo?> Keys { get; }

    /// <summary>All of a frame's changes in one piece.</summary>
    void Write(string changes);
}
