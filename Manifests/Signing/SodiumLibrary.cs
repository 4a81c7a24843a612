using System.Reflection;
using System.Runtime.InteropServices;

namespace PhaseMesh.Manifests.Signing;

/// <summary>Finds libsodium under the names Debian, Fedora, Alpine and macOS give it.</summary>
internal static class SodiumLibrary
{
    internal const string Name = "libsodium";

    private static readonly string[] Candidates =
    [
        "libsodium.so.23", "libsodium.so.26", "libsodium.so", "libsodium.dylib", "/opt/homebrew/lib/libsodium.dylib",
    ];

    internal static void Register(Assembly assembly) => NativeLibrary.SetDllImportResolver(assembly, Resolve);

    private static IntPtr Resolve(string name, Assembly assembly, DllImportSearchPath? searchPath) =>
        name == Name ? Load(Candidates, assembly, searchPath) : IntPtr.Zero;

    /// <exception cref="DllNotFoundException">None of the names could be loaded; says what to install.</exception>
    internal static IntPtr Load(IReadOnlyList<string> candidates, Assembly assembly, DllImportSearchPath? searchPath)
    {
        foreach (string candidate in candidates)
        {
            if (NativeLibrary.TryLoad(candidate, assembly, searchPath, out IntPtr handle))
            {
                return handle;
            }
        }

        throw new DllNotFoundException(
            $"libsodium, which makes and checks Ed25519 signatures, could not be loaded (tried {string.Join(", ", candidates)}). "
            + "Install the package libsodium23 (Debian, Ubuntu), libsodium (Fedora, Alpine, Arch; macOS: brew install libsodium).");
    }
}
