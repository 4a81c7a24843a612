using System.Text;
using PhaseMesh.Libp2p.Multiformats;
using PhaseMesh.Libp2p.Wire;

namespace PhaseMesh.Libp2p.Multistream;

/// <summary>
/// multistream-select 1.0: both sides agree on the protocol of a connection or stream.
/// <code>
/// message = varint(length of text and newline) text "\n"        at most 1024 bytes
/// dialer:   "/multistream/1.0.0"  proposal                       sent together, to save a round trip
/// listener: "/multistream/1.0.0"  proposal | "na"                after "na" the dialer may propose again
/// </code>
/// https://github.com/multiformats/multistream-select
/// </summary>
internal static class MultistreamSelect
{
    public const string Header = "/multistream/1.0.0";
    public const int MaxMessageBytes = 1024;

    private const string Refusal = "na";

    /// <summary>Proposals (or "ls" requests) one peer may try on one stream before it is dropped.</summary>
    private const int MaxProposals = 64;

    /// <summary>Proposes the protocols in order and returns the one that the listener took.</summary>
    /// <exception cref="Libp2pException">Malformed answer, or none of them is spoken there.</exception>
    public static async ValueTask<string> ProposeAsync(IByteIo io, IReadOnlyList<string> protocols, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfZero(protocols.Count);
        byte[] buffer = new byte[MaxMessageBytes];
        await io.WriteAsync((byte[])[.. Encode(Header), .. Encode(protocols[0])], cancellationToken);
        await ExpectHeaderAsync(io, buffer, cancellationToken);
        for (int index = 0; index < protocols.Count; index++)
        {
            if (index > 0)
            {
                await io.WriteAsync(Encode(protocols[index]), cancellationToken);
            }
            string answer = await ReadAsync(io, buffer, cancellationToken);
            if (answer == protocols[index])
            {
                return answer;
            }
            if (answer != Refusal)
            {
                throw Invalid($"The peer answered '{Printable(answer)}' to the proposal of {protocols[index]}; expected it again or 'na'.");
            }
        }
        throw Invalid($"The peer speaks none of: {string.Join(", ", protocols)}.");
    }

    /// <summary>Proposes one protocol and sends its first bytes along, in the hope that it is spoken.</summary>
    public static async ValueTask ProposeWithAsync(
        IByteIo io, string protocol, ReadOnlyMemory<byte> firstBytes, CancellationToken cancellationToken)
    {
        await io.WriteAsync((byte[])[.. Encode(Header), .. Encode(protocol), .. firstBytes.Span], cancellationToken);
        byte[] buffer = new byte[MaxMessageBytes];
        await ExpectHeaderAsync(io, buffer, cancellationToken);
        string answer = await ReadAsync(io, buffer, cancellationToken);
        if (answer != protocol)
        {
            throw Invalid($"The peer answered '{Printable(answer)}' to the proposal of {protocol}.");
        }
    }

    /// <summary>Answers proposals until one is spoken here, and returns it.</summary>
    /// <exception cref="Libp2pException">Malformed proposal, or too many in vain.</exception>
    public static async ValueTask<string> AnswerAsync(IByteIo io, Func<string, bool> speaks, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[MaxMessageBytes];
        await ExpectHeaderAsync(io, buffer, cancellationToken);
        await io.WriteAsync(Encode(Header), cancellationToken);
        for (int proposal = 0; proposal < MaxProposals; proposal++)
        {
            string wanted = await ReadAsync(io, buffer, cancellationToken);
            bool spoken = speaks(wanted);
            await io.WriteAsync(Encode(spoken ? wanted : Refusal), cancellationToken);
            if (spoken)
            {
                return wanted;
            }
        }
        throw Invalid($"The peer proposed {MaxProposals} protocols in vain; giving it up.");
    }

    internal static byte[] Encode(string text)
    {
        int textBytes = Encoding.UTF8.GetByteCount(text) + 1;
        byte[] message = new byte[Varint.SizeOf((ulong)textBytes) + textBytes];
        int offset = Varint.Write(message, (ulong)textBytes);
        Encoding.UTF8.GetBytes(text, message.AsSpan(offset));
        message[^1] = (byte)'\n';
        return message;
    }

    private static async ValueTask ExpectHeaderAsync(IByteIo io, byte[] buffer, CancellationToken cancellationToken)
    {
        string header = await ReadAsync(io, buffer, cancellationToken);
        if (header != Header)
        {
            throw Invalid($"The peer opened with '{Printable(header)}'; expected {Header}.");
        }
    }

    private static async ValueTask<string> ReadAsync(IByteIo io, byte[] buffer, CancellationToken cancellationToken)
    {
        // A length of at most 1024 has one or two bytes.
        await io.ReadExactlyAsync(buffer.AsMemory(0, 1), cancellationToken);
        int length = buffer[0];
        if (length >= 0x80)
        {
            await io.ReadExactlyAsync(buffer.AsMemory(1, 1), cancellationToken);
            length = Varint.TryRead(buffer.AsSpan(0, 2), out ulong value, out _) ? (int)value : 0;
        }
        if (length is 0 or > MaxMessageBytes)
        {
            throw Invalid($"The peer sent a negotiation message of a wrong length; expected 1 to {MaxMessageBytes} bytes.");
        }
        await io.ReadExactlyAsync(buffer.AsMemory(0, length), cancellationToken);
        if (buffer[length - 1] != (byte)'\n' || !System.Text.Unicode.Utf8.IsValid(buffer.AsSpan(0, length)))
        {
            throw Invalid("The peer sent a negotiation message that is no line of text.");
        }
        return Encoding.UTF8.GetString(buffer, 0, length - 1);
    }

    // A peer's words go into logs and exceptions only after this.
    private static string Printable(string text) =>
        new([.. text.Take(64).Select(
            static character => char.IsAsciiLetterOrDigit(character) || "/.-_+: ".Contains(character) ? character : '?')]);

    private static Libp2pException Invalid(string message) => new(DropReason.NegotiationFailed, message);
}
