"""How hypothesis runs here: machines of CI are shared and slow, and that is no failure of a test."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile("reelmake", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("reelmake")
