using System.Text;

namespace PhaseMesh.BootAgent.Carry;

/// <summary>
/// The plan of an uncompressed cpio archive in the kernel's "newc" format (Documentation/driver-api/early-userspace/buffer-format.rst):
/// <code>
/// header = "070701" then 13 fields of 8 upper-case hex digits: ino mode uid gid nlink mtime filesize devmajor devminor rdevmajor
///          rdevminor namesize check; then the name with its NUL, padded to 4; then the data, padded to 4
/// trailer = a header with the name TRAILER!!!
/// </code>
/// Only the plan is made here, so that each file's data can be downloaded straight to where it belongs.
/// </summary>
internal sealed class CpioArchive
{
    /// <summary>The file size field has eight hex digits.</summary>
    public const long MaxFileBytes = uint.MaxValue;

    private const string Magic = "070701";
    private const int HeaderBytes = 110;
    private const int Alignment = 4;
    private const uint DirectoryMode = 0x41ED; // 040755
    private const uint ReadOnlyFileMode = 0x8124; // 0100444
    private readonly List<(long Offset, byte[] Header)> _headers = [];
    private readonly Dictionary<string, long> _dataOffsets = new(StringComparer.Ordinal);
    private uint _inode;

    /// <param name="startOffset">Where in its file the archive begins; a multiple of 4, as the kernel wants it.</param>
    public CpioArchive(long startOffset)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(startOffset % Alignment, 0, nameof(startOffset));
        EndOffset = startOffset;
    }

    public long EndOffset { get; private set; }

    /// <summary>Offset and bytes of each header with its name; everything else of the archive is data or zero padding.</summary>
    public IReadOnlyList<(long Offset, byte[] Header)> Headers => _headers;

    public static long Align(long offset) => (offset + Alignment - 1) & ~(long)(Alignment - 1);

    public void AddDirectory(string name) => AddHeader(name, DirectoryMode, linkCount: 2, sizeBytes: 0);

    /// <returns>Where the file's data goes.</returns>
    public long AddFile(string name, long sizeBytes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(sizeBytes, MaxFileBytes);
        AddHeader(name, ReadOnlyFileMode, linkCount: 1, sizeBytes);
        long offset = EndOffset;
        _dataOffsets.Add(name, offset);
        EndOffset = Align(offset + sizeBytes);
        return offset;
    }

    public void AddTrailer()
    {
        _inode = uint.MaxValue; // the trailer's inode is 0
        AddHeader("TRAILER!!!", mode: 0, linkCount: 1, sizeBytes: 0);
    }

    public long DataOffsetOf(string name) => _dataOffsets[name];

    private void AddHeader(string name, uint mode, uint linkCount, long sizeBytes)
    {
        unchecked
        {
            _inode++;
        }

        int nameBytes = Encoding.ASCII.GetByteCount(name) + 1;
        long length = Align(HeaderBytes + nameBytes);
        byte[] header = new byte[length];
        string fields = $"{Magic}{_inode:X8}{mode:X8}{0:X8}{0:X8}{linkCount:X8}{0:X8}{sizeBytes:X8}"
            + $"{0:X8}{0:X8}{0:X8}{0:X8}{nameBytes:X8}{0:X8}{name}";
        Encoding.ASCII.GetBytes(fields, header);
        _headers.Add((EndOffset, header));
        EndOffset += length;
    }
}
