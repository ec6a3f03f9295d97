"""Invented words for invented offices, people and files."""

CITIES = ["Alder Falls", "Birchport", "Cedar Bluff", "Dunmore", "Eastvale", "Fernhollow", "Grünstadt", "Hazelton", "Irisburg"]
STREETS = ["Main Street", "Mill Lane", "Old Quarry Road", "Second Avenue", "Station Road", "Upper Park"]
OFFICES = ["Orthodontics", "Smiles", "Dental Studio", "Family Dentistry", "Braces & More", "Lingual Care"]
ARCHES = ["upper arch", "lower arch", "both arches"]
FILES = ["scan", "setup", "bracket-plan", "x-ray", "photo", "report"]
ENDINGS = ["stl", "zip", "pdf", "jpg", "dcm"]
NOTES = [
    "Asked to be called back.", "Records came by post.", "Wants to know how long it takes.", 'Said "no rush".',
    "Path on the old server: C:\\scans\\new.", "Zoë's notes follow\nin the next visit.", "50 % paid 🙂",
]  # fmt: skip
TEMPLATES = ["New start", "Refinement", "Retention", "Debond", "Emergency", "Second opinion", "Transfer", "Check"]
STEPS = ["Collect records", "Scan", "Plan the setup", "Approve", "Print brackets", "Bond", "Review", "Debond"]
ROLES = ["lab", "doctor", "assistant", "front desk"]
