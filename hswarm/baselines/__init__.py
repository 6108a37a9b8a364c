"""What a found system is compared with, one idea per module."""
