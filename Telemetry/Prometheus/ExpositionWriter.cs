using System.Buffers;
using System.Globalization;
using System.Text;

namespace PhaseMesh.Telemetry.Prometheus;

/// <summary>Lines of either format into one growing buffer; what is written since a mark can be taken back.</summary>
internal sealed class ExpositionWriter(ExpositionFormat format) : IDisposable
{
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(64 * 1024);

    public ExpositionFormat Format => format;

    public int LengthBytes { get; private set; }

    public ReadOnlyMemory<byte> Written => _buffer.AsMemory(0, LengthBytes);

    public void Raw(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Room(bytes.Length));
        LengthBytes += bytes.Length;
    }

    public void Text(string text)
    {
        LengthBytes += Encoding.UTF8.GetBytes(text, Room(Encoding.UTF8.GetMaxByteCount(text.Length)));
    }

    public void Number(long value)
    {
        value.TryFormat(Room(20), out int written, default, CultureInfo.InvariantCulture);
        LengthBytes += written;
    }

    /// <summary>The shortest text that reads back as the same number.</summary>
    public void Number(double value)
    {
        if (double.IsInteger(value) && Math.Abs(value) < 1e15)
        {
            Number((long)value);
        }
        else if (double.IsFinite(value))
        {
            value.TryFormat(Room(32), out int written, default, CultureInfo.InvariantCulture);
            LengthBytes += written;
        }
        else
        {
            Raw(double.IsNaN(value) ? "NaN"u8 : value > 0 ? "+Inf"u8 : "-Inf"u8);
        }
    }

    /// <summary>The same in both formats, so that a series is the same whichever was scraped: OpenMetrics' form, <c>1.0</c>.</summary>
    public void Bound(double value)
    {
        Number(value);
        if (double.IsInteger(value) && Math.Abs(value) < 1e15)
        {
            Raw(".0"u8);
        }
    }

    /// <summary>Back to <paramref name="lengthBytes"/>.</summary>
    public void TakeBackTo(int lengthBytes) => LengthBytes = lengthBytes;

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
    }

    private Span<byte> Room(int bytes)
    {
        if (_buffer.Length - LengthBytes < bytes)
        {
            byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(_buffer.Length * 2, LengthBytes + bytes));
            Written.Span.CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = larger;
        }

        return _buffer.AsSpan(LengthBytes);
    }
}
