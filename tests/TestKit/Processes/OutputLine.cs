namespace PhaseMesh.TestKit.Processes;

/// <summary>A line a child process printed.</summary>
/// <param name="At">Time since the process was started.</param>
/// <param name="Text">Without the line end; a carriage return ends a line too, so each state of a progress bar is one.</param>
public readonly record struct OutputLine(TimeSpan At, string Text);
