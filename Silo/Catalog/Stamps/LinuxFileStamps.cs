using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace PhaseMesh.Silo.Catalog.Stamps;

/// <summary>Stamps by statx(2), whose structure, unlike stat's, is the same on every architecture. About 0.5 microseconds a call.</summary>
internal sealed partial class LinuxFileStamps : IFileStamps
{
    private const int AtEmptyPath = 0x1000;
    private const int AtCurrentDirectory = -100;
    private const uint BasicStats = 0x7ff;
    private const int NoEntry = 2;
    private const int NotADirectory = 20;
    private const ushort TypeMask = 0xf000;
    private const ushort RegularFile = 0x8000;

    public static bool IsSupported { get; } = OperatingSystem.IsLinux() && Probe();

    public bool KnowsChangeTime => true;

    public FileStamp Of(SafeFileHandle file) => StatHandle(file, "", AtEmptyPath, BasicStats, out Statx result) == 0
        ? result.ToStamp()
        : throw new IOException($"statx of an open file failed with error {Marshal.GetLastPInvokeError()}; its content can no longer be vouched for.");

    public FileStamp? Of(string path)
    {
        if (StatPath(AtCurrentDirectory, path, 0, BasicStats, out Statx result) == 0)
        {
            return (result.Mode & TypeMask) == RegularFile ? result.ToStamp() : null;
        }

        int error = Marshal.GetLastPInvokeError();
        return error is NoEntry or NotADirectory
            ? null
            : throw new IOException($"Cannot look at {path}: {Marshal.GetPInvokeErrorMessage(error)}.");
    }

    private static bool Probe()
    {
        try
        {
            return StatPath(AtCurrentDirectory, "/", 0, BasicStats, out _) == 0;
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            return false; // A C library older than statx (glibc 2.28): the portable twin serves.
        }
    }

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int StatPath(int directory, string path, int flags, uint mask, out Statx result);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int StatHandle(SafeFileHandle directory, string path, int flags, uint mask, out Statx result);

    /// <summary>struct statx of linux/stat.h, the fields used here.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private readonly struct Statx
    {
        [FieldOffset(28)]
        public readonly ushort Mode;

        [FieldOffset(32)]
        private readonly ulong _inode;

        [FieldOffset(40)]
        private readonly ulong _sizeBytes;

        [FieldOffset(96)]
        private readonly long _changedSeconds;

        [FieldOffset(104)]
        private readonly uint _changedNanoseconds;

        [FieldOffset(112)]
        private readonly long _modifiedSeconds;

        [FieldOffset(120)]
        private readonly uint _modifiedNanoseconds;

        public FileStamp ToStamp() => new(
            (long)_sizeBytes,
            (_modifiedSeconds * 1_000_000_000) + _modifiedNanoseconds,
            (_changedSeconds * 1_000_000_000) + _changedNanoseconds,
            _inode);
    }
}
