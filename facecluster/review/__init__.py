"""What deserves an analyst's eye: doubtful faces, mixed clusters."""
